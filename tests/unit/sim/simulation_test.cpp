#include "sim/simulation.hpp"

#include <gtest/gtest.h>

#include "fleet.hpp"
#include "sim/load.hpp"
#include "sim/report.hpp"
#include "sim/trace.hpp"

namespace freellmapi::sim::testing {
namespace {

Outcome run(const Fleet& fleet, Arrivals& arrivals, base::WallTime start = new_year) {
  quota::Ledger ledger;
  const auto plan = ledger.bind(fleet.share()).value();
  SimulationOptions options;
  options.keep_routes = true;
  return simulate(plan, ledger, {base::Instant{1h}, start}, arrivals, options).value();
}
Outcome run(const Fleet& fleet, std::vector<Arrival> all) {
  Listed arrivals(std::move(all));
  return run(fleet, arrivals, new_year);
}
std::vector<Arrival> every(std::chrono::milliseconds gap, std::size_t n, base::WallTime from = new_year) {
  std::vector<Arrival> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(arrival(from + gap * static_cast<int>(i)));
  return out;
}

TEST(Simulation, AgreesWithADayReckonedByHand) {
  // 10 requests: 4 fit the first provider's day, 3 the second's; 3 are refused from 01:10 on.
  const Outcome out =
      run(Fleet().add("a", {per_day(4)}, "frontier").add("b", {per_day(3)}, "small"), every(10min, 10));
  EXPECT_EQ(out.total.served, 7u);
  EXPECT_EQ(out.total.refused, 3u);
  EXPECT_EQ(out.total.by_provider, (std::vector<std::uint64_t>{4, 3}));
  EXPECT_EQ(out.total.by_tier[0], 4u);
  EXPECT_EQ(out.total.by_tier[3], 3u);
  EXPECT_EQ(out.first_refusal, new_year + 70min);
  ASSERT_EQ(out.exhaustions.size(), 2u);
  EXPECT_EQ(out.exhaustions[0].first, new_year + 40min);
  EXPECT_EQ(out.exhaustions[0].back, new_year + 24h);
  EXPECT_EQ(out.exhaustions[0].requests, 6u);
  ASSERT_EQ(out.hours.size(), 2u);
  EXPECT_EQ(out.hours[0].served, 6u);
  EXPECT_EQ(out.hours[1].refused, 3u);
}

TEST(Simulation, WhatIsSpentComesBackAtTheReset) {
  const Outcome out = run(Fleet().add("a", {per_day(5)}), every(6h, 16));
  EXPECT_EQ(out.total.served, 16u);
}

TEST(Simulation, OfAStrategyThatLearnsRestsOnTheCatalogueAndOnWhatIsLeftOfTheQuota) {
  Fleet fleet = Fleet().add("a", {per_day(200)}, "small").add("b", {per_day(100)}, "frontier");
  fleet.policy.chains[0].strategy = policy::Strategy::smartest;
  std::vector<Arrival> all = every(1min, 100);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].features.session = all[i].seed = i + 1;
  const Outcome out = run(fleet, all);
  EXPECT_EQ(out.total.served, 100u);
  EXPECT_GT(out.total.by_provider[1], 80u);
  EXPECT_LT(out.total.by_provider[1], 100u) << "the last of it is kept";
  EXPECT_EQ(run(fleet, all).digest, out.digest);
}

TEST(Simulation, ARequestWaitsForASlotRatherThanGoLower) {
  const Fleet patient = Fleet().add("a", {per_minute(2)}, "", 70s).add("b", {});
  const Outcome out = run(patient, every(1s, 3));
  EXPECT_EQ(out.total.by_provider, (std::vector<std::uint64_t>{2, 1})) << "the budget of 45 s ends before";
  const Outcome later = run(patient, {arrival(new_year), arrival(new_year + 1s), arrival(new_year + 30s)});
  EXPECT_EQ(later.total.by_provider, (std::vector<std::uint64_t>{3, 0}));
  EXPECT_EQ(later.total.waited, 1u);
}

TEST(Simulation, IsTheSameFromRunToRun) {
  const Fleet fleet = Fleet()
                          .add("a", {per_day(900), per_minute(3)}, "large", 20s)
                          .add("b", {per_day(60'000, policy::Unit::tokens)});
  const auto once = [&] {
    LoadArrivals load(read_load("2000/day,tokens=300+80,profile=office,days=5,tools=30%").value(), new_year);
    const Outcome out = run(fleet, load);
    return report_json(fleet.policy, out);
  };
  EXPECT_EQ(once(), once());
}

TEST(Simulation, ADayReplayedUnderItsOwnPolicyTakesItsOwnRoutes) {
  const Fleet fleet =
      Fleet().add("a", {per_day(40), per_minute(4)}, "", 5s).add("b", {per_day(30)}).add("c", {});
  std::vector<Arrival> day = every(7s, 300);
  Outcome first = run(fleet, day);
  ASSERT_EQ(first.routes.size(), day.size());
  // Written down as a trace with the routes it took, read again.
  std::string lines;
  const auto name_of = [&](std::uint32_t hash) {
    for (const policy::Provider& p : fleet.policy.providers) {
      Arrival one = arrival(new_year);
      Listed probe({one});
      Fleet alone;
      alone.add(p.id, {});
      if (run(alone, probe).routes.at(0) == hash) return p.id + "/m";
    }
    return std::string();
  };
  for (std::size_t i = 0; i < day.size(); ++i) {
    day[i].route = name_of(first.routes[i]);
    lines += trace_line(day[i]) + "\n";
  }
  std::size_t at = 0;
  TraceArrivals trace(
      "t.jsonl",
      [&]() -> std::optional<std::string> {
        if (at == lines.size()) return std::nullopt;
        const std::size_t end = lines.find('\n', at);
        const std::string line = lines.substr(at, end - at);
        at = end + 1;
        return line;
      },
      [] { return 0.0; });
  const Outcome again = run(fleet, trace);
  EXPECT_EQ(again.digest, first.digest);
  EXPECT_EQ(again.recorded, 300u);
  EXPECT_EQ(again.as_recorded, 300u);
}

TEST(Simulation, WhatNoModelCanDoIsRefusedAndIsNoExhaustion) {
  Arrival seeing = arrival(new_year);
  seeing.features.images = true;
  const Outcome out = run(Fleet().add("a", {per_day(4)}), {seeing, arrival(new_year + 1s)});
  EXPECT_EQ(out.total.refused, 1u);
  EXPECT_FALSE(out.first_refusal.has_value());
}

TEST(Simulation, ADifferenceCountsTheRequestsThatTakeAnotherRoute) {
  const Fleet old_fleet = Fleet().add("a", {per_day(4)}).add("b", {});
  const Fleet new_fleet = Fleet().add("a", {per_day(6)}).add("b", {});
  const std::string text = difference_json(new_fleet.policy, run(new_fleet, every(1min, 10)),
                                           old_fleet.policy, run(old_fleet, every(1min, 10)));
  EXPECT_NE(text.find(R"("difference":{"served":0,"waited":0,"refused":0,"other_routes":2)"),
            std::string::npos)
      << text;
}

TEST(Simulation, ReadsWhatATraceSaysAndNamesTheLineThatIsWrong) {
  const auto first_of = [](std::vector<std::string> lines) {
    std::size_t at = 0;
    TraceArrivals trace(
        "t.jsonl",
        [&]() -> std::optional<std::string> {
          if (at == lines.size()) return std::nullopt;
          return lines[at++];
        },
        [] { return 0.0; });
    base::Result<std::optional<Arrival>> last = std::optional<Arrival>();
    for (std::size_t i = 0; i < lines.size(); ++i) last = trace.next();
    return last;
  };
  const auto good =
      first_of({R"({"at":"2026-01-01T00:00:01.500Z","input":7,"output":9,"tools":true,"session":"ff"})"});
  ASSERT_TRUE(good.has_value() && good->has_value());
  EXPECT_EQ((*good)->at, new_year + 1500ms);
  EXPECT_EQ((*good)->features.input_tokens, 7u);
  EXPECT_TRUE((*good)->features.tools);
  EXPECT_EQ((*good)->features.session, 255u);
  const std::string line = R"({"at":"2026-01-01T00:00:01Z"})";
  EXPECT_EQ(first_of({line, R"({"at":"2025-12-31T00:00:01Z"})"}).error().where, "t.jsonl:2");
  EXPECT_NE(first_of({R"({"at":"soon"})"}).error().message.find("'at'"), std::string::npos);
  EXPECT_NE(first_of({R"({"at":1,"input":"many"})"}).error().message.find("'input'"), std::string::npos);
  EXPECT_FALSE(first_of({"nonsense"}).has_value());
}

}  // namespace
}  // namespace freellmapi::sim::testing
