#include "routing/sticky.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace freellmapi::routing {
namespace {

using namespace std::chrono_literals;

const base::Instant start{1h};

TEST(Sticky, RemembersWhoServedAConversation) {
  Sticky sticky;
  sticky.remember(7, {11, 22}, start);
  const auto pin = sticky.find(7, start + 10s, 30min);
  ASSERT_TRUE(pin.has_value());
  EXPECT_EQ(pin->model_name, 11u);
  EXPECT_EQ(pin->key_fingerprint, 22u);
  EXPECT_FALSE(sticky.find(8, start, 30min).has_value());
}

TEST(Sticky, ForgetsWhatIsOlderThanAskedFor) {
  Sticky sticky;
  sticky.remember(7, {11, 22}, start);
  EXPECT_TRUE(sticky.find(7, start + 30min - 1ns, 30min).has_value());
  EXPECT_FALSE(sticky.find(7, start + 30min, 30min).has_value());
  EXPECT_FALSE(sticky.find(7, start, 0ms).has_value()) << "0 is off";
  sticky.remember(7, {11, 22}, start + 40min);
  EXPECT_TRUE(sticky.find(7, start + 50min, 30min).has_value());
}

TEST(Sticky, TheLatestPinCounts) {
  Sticky sticky;
  sticky.remember(7, {1, 1}, start);
  sticky.remember(7, {2, 2}, start);
  EXPECT_EQ(sticky.find(7, start, 1h)->model_name, 2u);
}

TEST(Sticky, WhatWasRememberedIsTakenOnceForWhoeverWritesItDown) {
  Sticky sticky;
  for (std::uint64_t s = 1; s <= 100; ++s) sticky.remember(s, {s, s, s}, start);
  std::vector<Sticky::Kept> changed;
  sticky.take_changed(changed);
  EXPECT_EQ(changed.size(), 100u);
  changed.clear();
  sticky.take_changed(changed);
  EXPECT_TRUE(changed.empty());
  sticky.remember(7, {8, 9, 10}, start + 1s);
  sticky.find(8, start + 1s, 1h);
  sticky.take_changed(changed);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].session, 7u);
  EXPECT_EQ(changed[0].pin.conversation, 10u);
  EXPECT_EQ(changed[0].at, start + 1s);
}

TEST(Sticky, WhatIsRestoredIsOlderThanWhatIsRemembered) {
  Sticky sticky(64);
  sticky.remember(7, {2, 2}, start);
  sticky.restore({7, {1, 1}, start - 1min});
  sticky.restore({8, {3, 3}, start - 10min});
  EXPECT_EQ(sticky.find(7, start, 1h)->model_name, 2u);
  EXPECT_EQ(sticky.find(8, start, 1h)->model_name, 3u);
  EXPECT_FALSE(sticky.find(8, start, 5min).has_value()) << "its age goes on";
  std::vector<Sticky::Kept> changed;
  sticky.take_changed(changed);
  EXPECT_EQ(changed.size(), 1u) << "what came from the disk is there already";
  for (std::uint64_t s = 100; s < 1'000; ++s) sticky.restore({s, {1, 1}, start});
  EXPECT_TRUE(sticky.find(7, start, 1h).has_value()) << "what is remembered makes no room for what was";
}

TEST(Sticky, IsBoundedAndTheOldestGoFirst) {
  Sticky one(1);
  one.remember(1, {1, 0}, start);
  one.remember(2, {2, 0}, start);
  EXPECT_FALSE(one.find(1, start, 1h).has_value());
  EXPECT_TRUE(one.find(2, start, 1h).has_value());

  Sticky sticky(1600);
  for (std::uint64_t s = 1; s <= 100'000; ++s) {
    sticky.remember(s, {s, 0}, start);
    if (s % 20 == 0) sticky.remember(20, {20, 0}, start);
  }
  unsigned kept = 0;
  for (std::uint64_t s = 1; s <= 100'000; ++s) kept += sticky.find(s, start, 1h).has_value() ? 1u : 0u;
  EXPECT_LE(kept, 1600u);
  EXPECT_GE(kept, 1500u);
  EXPECT_TRUE(sticky.find(20, start, 1h).has_value()) << "what is used stays";
  EXPECT_TRUE(sticky.find(100'000, start, 1h).has_value());
}

TEST(Sticky, MayBeUsedFromSeveralThreads) {
  Sticky sticky(64);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&sticky, t] {
      for (std::uint64_t i = 0; i < 5000; ++i) {
        sticky.remember(i % 200, {i % 200, t}, start);
        const auto pin = sticky.find(i % 200, start, 1h);
        EXPECT_EQ(pin ? pin->model_name : i % 200, i % 200);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace freellmapi::routing
