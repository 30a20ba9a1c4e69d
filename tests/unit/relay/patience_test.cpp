#include "relay/patience.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::optional<milliseconds> patience(std::optional<milliseconds> usual, milliseconds most = 60s,
                                     milliseconds left = 45s, std::uint64_t input_tokens = 0) {
  Waiting waiting;
  waiting.usual = usual;
  waiting.most = most;
  waiting.left = left;
  waiting.input_tokens = input_tokens;
  return patience_of(waiting);
}

TEST(Patience, IsThreeTimesTheUsual) { EXPECT_EQ(patience(1'500ms), 4'500ms); }

TEST(Patience, HasAFloor) { EXPECT_EQ(patience(90ms), 2s); }

TEST(Patience, IsNeverLongerThanThePolicys) {
  EXPECT_FALSE(patience(20s));
  EXPECT_FALSE(patience(milliseconds::max()));
  EXPECT_FALSE(patience(90ms, 1s)) << "nor is the floor";
  EXPECT_EQ(patience(90ms, 0ms), 2s) << "no limit is no limit to the learnt one";
}

TEST(Patience, GrowsWithThePrompt) {
  EXPECT_EQ(patience(90ms, 60s, 45s, 40'000), 12s);
  EXPECT_FALSE(patience(90ms, 60s, 45s, UINT64_MAX));
}

TEST(Patience, WhereNothingIsKnownLeavesTheOthersTheirTurn) {
  EXPECT_EQ(patience(std::nullopt), 15s);
  EXPECT_EQ(patience(std::nullopt, 60s, 30s), 10s);
  EXPECT_EQ(patience(std::nullopt, 60s, 1s), 2s);
  EXPECT_FALSE(patience(std::nullopt, 10s)) << "the policy's is shorter";
}

}  // namespace
}  // namespace freellmapi::relay
