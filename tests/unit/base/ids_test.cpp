#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <thread>

namespace freellmapi::base {
namespace {

TEST(Ids, HaveTheirPrefixAndLengthAndPlainCharacters) {
  const std::string id = make_id("chatcmpl-");
  EXPECT_EQ(id.size(), 9u + 24u);
  EXPECT_TRUE(id.starts_with("chatcmpl-"));
  EXPECT_TRUE(std::all_of(id.begin() + 9, id.end(), [](unsigned char c) { return std::isalnum(c) != 0; }));
  EXPECT_EQ(make_id("", 0), "");
  EXPECT_EQ(make_id("x", 100).size(), 101u);
}

TEST(Ids, AreNotGivenTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(make_id("")).second);
}

TEST(Ids, EveryCharacterOfTheAlphabetIsUsed) {
  const std::string drawn = make_id("", 10'000);
  std::string all;
  for (const char c : std::set<char>{drawn.begin(), drawn.end()}) all += c;
  EXPECT_EQ(all, "0123456789abcdefghijklmnopqrstuv");
}

TEST(Ids, AnyNumberOfCharactersIsDrawnAndAppended) {
  for (const std::size_t length : {0u, 1u, 7u, 8u, 9u, 18u, 24u}) {
    std::string out = "before ";
    append_id(out, "x-", length);
    EXPECT_EQ(out.size(), 7u + 2u + length);
    EXPECT_TRUE(out.starts_with("before x-"));
    EXPECT_TRUE(
        std::all_of(out.begin() + 9, out.end(), [](unsigned char c) { return std::isalnum(c) != 0; }));
  }
}

TEST(Ids, TimedOnesSortByTheirTime) {
  const auto at = [](std::int64_t ms) {
    return make_timed_id("req_", WallTime{std::chrono::milliseconds{ms}});
  };
  EXPECT_EQ(at(1'795'370'400'123).size(), 4u + 8u + 18u);
  EXPECT_TRUE(at(0).starts_with("req_00000000"));
  EXPECT_LT(at(1'795'370'400'122), at(1'795'370'400'123));
  EXPECT_LT(at(1'795'370'400'123), at(1'795'370'404'000));
  EXPECT_NE(at(1), at(1));
  EXPECT_TRUE(is_plain_id(at(1'795'370'400'123)));
}

TEST(Ids, ATimedOneTellsItsTimeBehindAnyPrefix) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{61}, std::int64_t{1'795'370'400'123}}) {
    const WallTime at{std::chrono::milliseconds{ms}};
    EXPECT_EQ(time_in_id(make_timed_id("req_", at)), at);
    EXPECT_EQ(time_in_id(make_timed_id("", at)), at);
  }
  EXPECT_EQ(time_in_id(""), std::nullopt);
  EXPECT_EQ(time_in_id("req_1"), std::nullopt);
  EXPECT_EQ(time_in_id("0000-000" + std::string(18, 'a')), std::nullopt);
}

TEST(Ids, ThreadsDrawFromDifferentStreams) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bits());
  std::thread{[&seen] {
    for (int i = 0; i < 100; ++i) seen.insert(random_bits());
  }}.join();
  EXPECT_EQ(seen.size(), 200u);
}

TEST(Ids, OnlyPlainIdsMayBeEchoed) {
  EXPECT_TRUE(is_plain_id("req_01.A-z"));
  EXPECT_TRUE(is_plain_id(std::string(64, 'a')));
  for (const std::string& id :
       {std::string{}, std::string(65, 'a'), std::string{"a b"}, std::string{"a\n"}, std::string{"\xC3\xA9"}})
    EXPECT_FALSE(is_plain_id(id));
}

TEST(Fnv1a, IsThePublishedFunction) {
  static_assert(fnv1a("") == 0xcbf29ce484222325ULL);
  static_assert(fnv1a("foobar") == 0x85944171f73967e8ULL);
}

}  // namespace
}  // namespace freellmapi::base
