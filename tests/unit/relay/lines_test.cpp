#include "relay/lines.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace freellmapi::relay {
namespace {

constexpr WindowName minute = 7, day = 8;
quota::Need need(std::uint64_t input, std::uint64_t output = 0) { return {input, output, 0, 1}; }

TEST(Lines, ServeInOrderOfArrival) {
  Lines lines;
  std::optional<Lines::Place> a = lines.join(minute, need(1)), b = lines.join(minute, need(1)),
                              c = lines.join(minute, need(1));
  EXPECT_TRUE(a->first());
  EXPECT_FALSE(b->first());
  b.reset();  // a client that leaves frees its place
  EXPECT_FALSE(c->first());
  a.reset();
  EXPECT_TRUE(c->first());
}

TEST(Lines, OfDifferentWindowsAreDifferent) {
  Lines lines;
  const Lines::Place a = lines.join(minute, need(1)), b = lines.join(day, need(1));
  EXPECT_TRUE(a.first());
  EXPECT_TRUE(b.first());
}

TEST(Lines, TellWhatAllThoseBeforeWant) {
  Lines lines;
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(lines.wanted(minute).requests, 0u);
  {
    const Lines::Place a = lines.join(minute, need(100, 20)), b = lines.join(minute, need(5, 1));
    const Lines::Place other = lines.join(day, need(1'000'000));
    EXPECT_FALSE(lines.empty());
    EXPECT_EQ(lines.wanted(minute).requests, 2u);
    EXPECT_EQ(lines.wanted(minute).input_tokens, 105u);
    EXPECT_EQ(lines.wanted(minute).output_tokens, 21u);
  }
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(lines.wanted(minute).requests, 0u);
}

TEST(Lines, AreBounded) {
  Lines lines;
  std::vector<Lines::Place> places;
  for (std::size_t i = 0; i < Lines::longest; ++i) {
    places.push_back(lines.join(minute, need(1)));
    ASSERT_TRUE(places.back());
  }
  EXPECT_FALSE(lines.join(minute, need(1)));
  places.erase(places.begin());
  EXPECT_TRUE(lines.join(minute, need(1)));
}

TEST(Lines, KeepTheirOrderWhenPlacesMoveAndThreadsMeet) {
  Lines lines;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&lines] {
      for (int i = 0; i < 2'000; ++i) {
        Lines::Place place = lines.join(minute, need(1));
        Lines::Place moved = std::move(place);
        while (!moved.first()) std::this_thread::yield();
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(lines.empty());
}

TEST(WindowName, IsOfARuleAndOfAKeyWhereKeysCountApart) {
  policy::Policy policy;
  policy.keys.resize(2);
  policy.keys[0].fingerprint = 1;
  policy.keys[1].fingerprint = 2;
  policy::Rule of_key, of_account, other;
  of_account.scope = policy::Scope::account;
  EXPECT_NE(window_name(policy, of_key, 0), window_name(policy, of_key, 1));
  EXPECT_EQ(window_name(policy, of_account, 0), window_name(policy, of_account, 1));
  EXPECT_NE(window_name(policy, of_key, 0), window_name(policy, other, 0));
  policy::Rule pool, same_pool;
  pool.scope = same_pool.scope = policy::Scope::pool;
  pool.pool = same_pool.pool = "free";
  EXPECT_EQ(window_name(policy, pool, 0), window_name(policy, same_pool, 1));
}

}  // namespace
}  // namespace freellmapi::relay
