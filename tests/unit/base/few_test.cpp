#include "base/few.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace freellmapi::base {
namespace {

template <std::size_t Inline>
std::vector<int> all(const Few<int, Inline>& few) {
  return {few.begin(), few.end()};
}

TEST(Few, KeepsTheirOrderWhenTheyBecomeMany) {
  Few<int, 2> few;
  EXPECT_TRUE(few.empty());
  for (int i = 0; i < 9; ++i) {
    few.push_back(i);
    EXPECT_EQ(few.size(), static_cast<std::size_t>(i + 1));
    EXPECT_EQ(few.back(), i);
  }
  EXPECT_EQ(all(few), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Few, TakesOneOfItsOwnWhenItGrows) {
  Few<int, 2> few{7, 8};
  few.push_back(few.front());
  EXPECT_EQ(all(few), (std::vector<int>{7, 8, 7}));
}

TEST(Few, IsCopiedAndMovedWithWhatItHolds) {
  for (const std::size_t count : {2U, 5U}) {
    Few<int, 3> from;
    from.resize(count, 4);
    Few<int, 3> copy = from;
    copy.front() = 5;
    EXPECT_EQ(from.front(), 4);
    Few<int, 3> moved = std::move(copy);
    EXPECT_EQ(moved.size(), count);
    EXPECT_EQ(moved.front(), 5);
    EXPECT_TRUE(copy.empty());
    copy.push_back(1);
    EXPECT_EQ(all(copy), std::vector<int>{1}) << "it can be used again";
    from = moved;
    EXPECT_EQ(all(from), all(moved));
    from = std::move(copy);
    EXPECT_EQ(all(from), std::vector<int>{1});
  }
}

TEST(Few, ClosesUpWhereOneIsTakenOut) {
  Few<int, 2> few{1, 2, 3};
  few.erase(few.begin() + 1);
  EXPECT_EQ(all(few), (std::vector<int>{1, 3}));
  few.erase(few.begin() + 1);
  EXPECT_EQ(all(few), std::vector<int>{1});
}

TEST(Few, KeepsItsRoomWhenItIsCleared) {
  Few<int, 1> few{1, 2, 3};
  const int* const room = few.data();
  few.clear();
  few.push_back(9);
  EXPECT_EQ(few.data(), room);
  EXPECT_EQ(all(few), std::vector<int>{9});
}

}  // namespace
}  // namespace freellmapi::base
