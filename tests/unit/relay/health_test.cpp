#include "relay/health.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
constexpr base::Instant start{1h};

TEST(Health, CountsFailuresInARowUntilASuccess) {
  Health health;
  EXPECT_EQ(health.failed(7, start, 15min), 1u);
  EXPECT_EQ(health.failed(7, start + 1min, 15min), 2u);
  EXPECT_EQ(health.failed(8, start + 1min, 15min), 1u);
  health.succeeded(7);
  EXPECT_EQ(health.failed(7, start + 2min, 15min), 1u);
}

TEST(Health, RemembersOverABenchThatLastsADay) {
  Health health;
  EXPECT_EQ(health.failed(7, start, 24h + 15min), 1u);
  EXPECT_EQ(health.failed(7, start + 24h, 24h + 15min), 2u);
  EXPECT_EQ(health.failed(7, start + 49h, 24h + 15min), 1u);
}

}  // namespace
}  // namespace freellmapi::relay
