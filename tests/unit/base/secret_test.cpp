#include "base/secret.hpp"

#include <gtest/gtest.h>

namespace freellmapi::base {
namespace {

TEST(Secret, ShowsAtMostFourCharactersAndAQuarter) {
  EXPECT_EQ(Secret{"0123456789abcdef"}.last_four(), "cdef");
  EXPECT_EQ(Secret{"01234567"}.last_four(), "67");
  EXPECT_EQ(Secret{"012"}.last_four(), "");
  EXPECT_EQ(Secret{}.last_four(), "");
}

TEST(Secret, CopiesAndMovesAsAValue) {
  Secret first{"a longer secret than a short string holds"};
  Secret second{first};
  EXPECT_EQ(first.reveal(), second.reveal());
  const Secret third{std::move(first)};
  EXPECT_EQ(third.reveal(), second.reveal());
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  second = Secret{"other"};
  EXPECT_EQ(second.reveal(), "other");
  second = third;
  EXPECT_EQ(second.reveal(), third.reveal());
}

TEST(Secret, ComparesOverTheWholeLength) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
  EXPECT_FALSE(equal_constant_time("abc", ""));
}

}  // namespace
}  // namespace freellmapi::base
