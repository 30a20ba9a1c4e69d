// The forecast against days that then happen.
#include "sim/forecast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fleet.hpp"
#include "sim/simulation.hpp"

namespace freellmapi::sim::testing {
namespace {

/// An office day by chance: 40 an hour from 8 to 18, else 4; some days are busier than others.
std::vector<Arrival> days_of_chance(unsigned days, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<Arrival> out;
  for (unsigned d = 0; d < days; ++d) {
    const double factor = 0.7 + 0.6 * static_cast<double>(dice.below(1000)) / 1000;
    for (unsigned h = 0; h < 24; ++h) {
      const double rate = (h >= 8 && h < 18 ? 40 : 4) * factor;
      for (double at = 0;;) {
        at += -std::log((static_cast<double>(dice.below(1'000'000)) + 0.5) / 1e6) / rate;
        if (at >= 1) break;
        out.push_back(arrival(new_year + std::chrono::hours{24 * d + h} +
                              std::chrono::milliseconds{static_cast<int>(at * 3.6e6)}));
      }
    }
  }
  return out;
}

/// What of `all` lies in that time, run through the ledger.
Outcome live(const std::shared_ptr<const quota::Plan>& plan, quota::Ledger& ledger,
             const std::vector<Arrival>& all, base::WallTime from, base::WallTime until) {
  std::vector<Arrival> part;
  for (const Arrival& a : all)
    if (a.at >= from && a.at < until) part.push_back(a);
  Listed arrivals(std::move(part));
  return simulate(plan, ledger, {base::Instant{1h} + (from - new_year), from}, arrivals, {}).value();
}

TEST(Forecast, AgainstThirtySyntheticDaysTheBandHoldsAndTheMiddleIsNear) {
  const Fleet fleet = Fleet().add("a", {per_day(180)}, "large").add("b", {per_day(90)}, "small");
  const auto policy = fleet.share();
  const std::vector<Arrival> all = days_of_chance(44, 11);
  unsigned inside = 0, told = 0;
  std::vector<double> errors;
  for (unsigned day = 14; day < 44; ++day) {
    const base::WallTime midnight = new_year + std::chrono::days{day};
    const base::WallTime noon = midnight + 11h;
    quota::Ledger ledger;
    const auto plan = ledger.bind(policy).value();
    live(plan, ledger, all, midnight, noon);
    Pace pace(noon);
    for (const Arrival& a : all)
      if (a.at < noon) pace.see(a);
    const quota::Now now{base::Instant{1h} + (noon - new_year), noon};
    const sim::Forecast forecast = sim::forecast(*plan, ledger, now, pace).value();
    const Outcome then = live(plan, ledger, all, noon, midnight + 24h);
    if (!then.first_refusal || !forecast.lasts_until.middle) continue;
    ++told;
    const Moment& m = forecast.lasts_until;
    if (*m.early <= *then.first_refusal && (!m.late || *then.first_refusal <= *m.late)) ++inside;
    errors.push_back(std::abs(static_cast<double>((*then.first_refusal - *m.middle).count())) / 6e4);
  }
  ASSERT_GE(told, 20u);
  std::ranges::sort(errors);
  EXPECT_LT(errors[errors.size() / 2], 30) << "minutes, the median";
  const double share = static_cast<double>(inside) / told;
  EXPECT_GE(share, 0.65);
  EXPECT_LE(share, 0.97);
  RecordProperty("inside", std::to_string(share));
  RecordProperty("median_minutes", std::to_string(errors[errors.size() / 2]));
}

TEST(Forecast, ABurstMovesIt) {
  const Fleet fleet = Fleet().add("a", {per_day(2'000)});
  quota::Ledger ledger;
  const auto plan = ledger.bind(fleet.share()).value();
  std::vector<Arrival> quiet = days_of_chance(4, 3);
  const base::WallTime noon = new_year + 84h;
  std::erase_if(quiet, [&](const Arrival& a) { return a.at >= noon; });
  const auto end_of = [&](const std::vector<Arrival>& past) {
    Pace pace(noon);
    for (const Arrival& a : past) pace.see(a);
    return sim::forecast(*plan, ledger, {base::Instant{1h}, noon}, pace).value().lasts_until.middle;
  };
  std::vector<Arrival> burst = quiet;
  for (int i = 0; i < 900; ++i) burst.push_back(arrival(noon - 1min + i * 60ms));
  EXPECT_FALSE(end_of(quiet).has_value());
  ASSERT_TRUE(end_of(burst).has_value());
}

TEST(Forecast, SaysWhenAWindowIsFullAndWhenItReturns) {
  const Fleet fleet = Fleet().add("a", {per_day(100)}).add("b", {});
  quota::Ledger ledger;
  const auto plan = ledger.bind(fleet.share()).value();
  const base::WallTime now = new_year + 72h;
  Pace pace(now);
  for (const Arrival& a : days_of_chance(3, 5)) pace.see(a);
  const sim::Forecast forecast = sim::forecast(*plan, ledger, {base::Instant{1h}, now}, pace).value();
  EXPECT_FALSE(forecast.lasts_until.early.has_value()) << "the second one has no limit";
  ASSERT_EQ(forecast.windows.size(), 1u);
  EXPECT_EQ(forecast.windows[0].back, new_year + 96h);
  ASSERT_TRUE(forecast.windows[0].full.middle.has_value());
  EXPECT_GT(*forecast.windows[0].full.middle, now + 8h);
  EXPECT_LT(*forecast.windows[0].full.middle, now + 14h);
}

TEST(Forecast, LeavesTheLedgerAsItWasAndWithoutAPastSaysNothing) {
  const Fleet fleet = Fleet().add("a", {per_day(10)});
  quota::Ledger ledger;
  const auto plan = ledger.bind(fleet.share()).value();
  const quota::Now now{base::Instant{1h}, new_year + 12h};
  Pace pace(now.wall);
  EXPECT_EQ(sim::forecast(*plan, ledger, now, pace).value().seen, 0u);
  for (int i = 0; i < 50; ++i) pace.see(arrival(new_year + 11h + i * 1min));
  ASSERT_TRUE(sim::forecast(*plan, ledger, now, pace).value().lasts_until.middle.has_value());
  EXPECT_EQ(ledger.rows(*plan, now).at(0).used, 0u);
}

}  // namespace
}  // namespace freellmapi::sim::testing
