#include "relay/patience.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Patience, IsThePolicysWhereNothingIsKnown) { EXPECT_FALSE(learned_patience(std::nullopt, 60s, 0)); }

TEST(Patience, IsThreeTimesTheUsual) { EXPECT_EQ(learned_patience(1'500ms, 60s, 0), 4'500ms); }

TEST(Patience, HasAFloor) { EXPECT_EQ(learned_patience(90ms, 60s, 0), 2s); }

TEST(Patience, IsNeverLongerThanThePolicys) {
  EXPECT_FALSE(learned_patience(20s, 60s, 0));
  EXPECT_FALSE(learned_patience(milliseconds::max(), 60s, 0));
  EXPECT_FALSE(learned_patience(90ms, 1s, 0)) << "nor is the floor";
  EXPECT_EQ(learned_patience(90ms, 0ms, 0), 2s) << "no limit is no limit to the learnt one";
}

TEST(Patience, GrowsWithThePrompt) {
  EXPECT_EQ(learned_patience(90ms, 60s, 40'000), 12s);
  EXPECT_FALSE(learned_patience(90ms, 60s, UINT64_MAX));
}

}  // namespace
}  // namespace freellmapi::relay
