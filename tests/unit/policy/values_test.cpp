#include "policy/values.hpp"

#include <gtest/gtest.h>

namespace freellmapi::policy::test {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsWholeNumbersWithUnitsTheLargerFirst) {
  EXPECT_EQ(parse_duration("8s"), 8s);
  EXPECT_EQ(parse_duration("450ms"), 450ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("0s"), 0ms);
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "8", "s", "8 s", "1.5s", "-1s", "30m1h", "1s1s", "1w", "8S", "1h30", "+1s",
                           "99999999999999s", "9999999d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenAsItIsRead) {
  for (const auto length : {0ms, 1ms, 1500ms, 60'000ms, 5'400'000ms, 86'400'001ms}) {
    EXPECT_EQ(parse_duration(duration_text(length)), length);
  }
}

TEST(ResetTime, IsAWordOrATimeWithAZone) {
  EXPECT_EQ(parse_reset("rolling")->kind, Reset::rolling);
  EXPECT_EQ(parse_reset("token-bucket")->kind, Reset::token_bucket);
  EXPECT_EQ(parse_reset("first-use")->kind, Reset::first_use);
  const auto pacific = parse_reset("23:30 America/Los_Angeles");
  ASSERT_TRUE(pacific.has_value());
  EXPECT_EQ(pacific->kind, Reset::wall_clock);
  EXPECT_EQ(pacific->zone, "America/Los_Angeles");
  EXPECT_EQ(pacific->at, 23h + 30min);
  EXPECT_EQ(parse_reset("00:00 UTC")->zone, "UTC");
}

TEST(ResetTime, IsRefusedWhenTheClockOrTheZoneDoesNotExist) {
  for (const char* text : {"midnight", "24:00 UTC", "00:60 UTC", "0:00 UTC", "00:00", "00:00 ", "00:00  UTC",
                           "00:00 utc", "00:00 Mars/Olympus", "00:00 ../etc/passwd"}) {
    EXPECT_FALSE(parse_reset(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace freellmapi::policy::test
