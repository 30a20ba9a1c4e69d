#include "sim/load.hpp"

#include <gtest/gtest.h>

#include "fleet.hpp"

namespace freellmapi::sim::testing {
namespace {

std::vector<Arrival> all_of(const std::string& spec, base::WallTime start = new_year) {
  LoadArrivals arrivals(read_load(spec).value(), start);
  std::vector<Arrival> out;
  while (auto next = arrivals.next().value()) out.push_back(*next);
  return out;
}

TEST(Load, GivesAsManyRequestsAsItSaysInTheOrderOfTime) {
  const auto all = all_of("1200/day,days=7,tokens=2000+500,tools=40%");
  EXPECT_EQ(all.size(), 7u * 1200u);
  std::uint64_t input = 0, output = 0, tools = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_LE(all[i == 0 ? 0 : i - 1].at, all[i].at);
    input += all[i].input;
    output += all[i].output;
    if (all[i].features.tools) ++tools;
  }
  EXPECT_NEAR(static_cast<double>(input) / 8400, 2000, 30);
  EXPECT_NEAR(static_cast<double>(output) / 8400, 500, 10);
  EXPECT_NEAR(static_cast<double>(tools) / 8400, 0.4, 0.02);
}

TEST(Load, AnOfficeSleepsAtNightAndAtTheWeekend) {
  std::uint64_t nights = 0, saturday = 0;
  const auto all = all_of("1000/day,days=7,profile=office");
  for (const Arrival& a : all) {
    const auto day = std::chrono::floor<std::chrono::days>(a.at);
    if (a.at - day < 6h) ++nights;
    if (std::chrono::weekday{day} == std::chrono::Saturday) ++saturday;
  }
  EXPECT_LT(nights, all.size() / 20);
  EXPECT_LT(saturday, all.size() / 30);
}

TEST(Load, ASpecThatIsWrongIsNamedPartByPart) {
  for (const char* spec : {"", "many", "10/week", "10/day,tokens=x", "10/day,profile=pub", "10/day,days=0",
                           "10/day,tools=101%", "10/day,colour=red", "0/day", "99999999999/day"})
    EXPECT_FALSE(read_load(spec).has_value()) << spec;
  EXPECT_NE(read_load("10/day,colour=red").error().message.find("'colour=red'"), std::string::npos);
  EXPECT_EQ(read_load("5/hour").value().per_day, 120u);
  EXPECT_EQ(read_load("5/day,start=2026-01-01").value().start, new_year);
}

}  // namespace
}  // namespace freellmapi::sim::testing
