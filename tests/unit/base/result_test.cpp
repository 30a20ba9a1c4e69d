#include "base/result.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace freellmapi::base {
namespace {

TEST(Error, SaysWhereBeforeWhat) {
  EXPECT_EQ((Error{Errc::io, "cannot read it", "policy.yaml:3:5"}.text()), "policy.yaml:3:5: cannot read it");
  EXPECT_EQ((Error{Errc::io, "cannot read it"}.text()), "cannot read it");
}

TEST(Result, TakingTheValueOfAnErrorIsALogicErrorWithTheText) {
  const Result<int> failed = Error{Errc::limit, "too many"};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::limit);
  try {
    (void)failed.value();
    FAIL();
  } catch (const std::logic_error& e) {
    EXPECT_STREQ(e.what(), "unchecked error: too many");
  }
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock;
  const Instant steady = clock.steady();
  const WallTime wall = clock.wall();
  clock.advance(std::chrono::seconds{3});
  clock.jump_wall(-std::chrono::hours{1});
  EXPECT_EQ(clock.steady() - steady, std::chrono::seconds{3});
  EXPECT_EQ(clock.wall() - wall, std::chrono::seconds{3} - std::chrono::hours{1});
}

}  // namespace
}  // namespace freellmapi::base
