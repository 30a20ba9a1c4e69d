#include "relay/thoughts.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;

const base::WallTime start{std::chrono::milliseconds{1'767'225'600'000}};

Thoughts::Kept kept(std::uint64_t id, std::string extra = "{}", std::uint64_t place = 0) {
  return {{id, place == 0 ? id + 1'000'000 : place}, start, {7, 8}, {std::move(extra), ""}};
}

TEST(Thoughts, AreFoundByIdElseByPlace) {
  Thoughts thoughts;
  thoughts.keep(kept(1, R"({"a":1})", 50));
  thoughts.keep(kept(2, R"({"a":2})", 60));
  EXPECT_EQ(thoughts.find({1, 60}, start)->thought.extra, R"({"a":1})");
  EXPECT_EQ(thoughts.find({9, 60}, start)->thought.extra, R"({"a":2})");
  EXPECT_EQ(thoughts.find({9, 9}, start), nullptr);
}

TEST(Thoughts, MayKnowIsNeverWronglyNo) {
  Thoughts thoughts;
  EXPECT_FALSE(thoughts.may_know({7, 8}));
  thoughts.keep(kept(1));
  EXPECT_TRUE(thoughts.may_know({7, 0}));
  EXPECT_TRUE(thoughts.may_know({0, 8})) << "the family's reasoning";
  EXPECT_FALSE(thoughts.may_know({0, 0}));
}

TEST(Thoughts, ExpireAndAreForgottenWhenNothingIsToBeKept) {
  Thoughts thoughts;
  thoughts.set_age(1h);
  thoughts.keep(kept(1));
  EXPECT_NE(thoughts.find({1, 0}, start + 1h - 1ms), nullptr);
  EXPECT_EQ(thoughts.find({1, 0}, start + 1h), nullptr);
  thoughts.keep(kept(2));
  thoughts.set_age(0ms);
  EXPECT_EQ(thoughts.find({2, 0}, start), nullptr);
  thoughts.keep(kept(3));
  EXPECT_EQ(thoughts.find({3, 0}, start), nullptr);
  EXPECT_TRUE(thoughts.take_changed().empty());
}

TEST(Thoughts, AreBoundedInNumberAndBytesTheLeastUsedFirst) {
  Thoughts thoughts;
  for (std::uint64_t i = 1; i <= Thoughts::most + 100; ++i) {
    thoughts.keep(kept(i));
    if (i % 1'000 == 0) thoughts.find({1, 0}, start);
  }
  EXPECT_NE(thoughts.find({1, 0}, start), nullptr) << "what is used stays";
  EXPECT_EQ(thoughts.find({2, 0}, start), nullptr);
  EXPECT_NE(thoughts.find({Thoughts::most + 100, 0}, start), nullptr);

  Thoughts large;
  const std::string heavy(Thoughts::longest, 'x');
  for (std::uint64_t i = 1; i <= 200; ++i) large.keep(kept(i, heavy));
  std::size_t bytes = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) bytes += large.find({i, 0}, start) ? heavy.size() : 0;
  EXPECT_LE(bytes, Thoughts::most_bytes);
  EXPECT_GT(bytes, Thoughts::most_bytes / 2);
  large.keep(kept(900, heavy + "x"));
  EXPECT_EQ(large.find({900, 0}, start), nullptr) << "too long";
}

TEST(Thoughts, WhatChangedIsTakenOnceAndWhatIsRestoredIsNoChange) {
  Thoughts thoughts;
  thoughts.restore(kept(1, R"({"old":1})"));
  thoughts.keep(kept(2));
  thoughts.keep(kept(2, R"({"new":1})"));
  EXPECT_EQ(thoughts.take_changed().back()->thought.extra, R"({"new":1})");
  EXPECT_TRUE(thoughts.take_changed().empty());
  thoughts.restore(kept(2, R"({"old":2})"));
  EXPECT_EQ(thoughts.find({2, 0}, start)->thought.extra, R"({"new":1})");
  EXPECT_EQ(thoughts.find({1, 0}, start)->thought.extra, R"({"old":1})");
  EXPECT_TRUE(thoughts.may_know({7, 0}));
}

TEST(Thoughts, WhatChangedIsBoundedWhileTheDiskStandsStill) {
  Thoughts thoughts;
  for (std::uint64_t i = 1; i <= Thoughts::most + 100; ++i) thoughts.keep(kept(i));
  EXPECT_EQ(thoughts.take_changed().size(), Thoughts::most);
  const std::string long_one(Thoughts::longest, 'x');
  for (std::uint64_t i = 1; i <= 2 * Thoughts::most_bytes / Thoughts::longest; ++i)
    thoughts.keep(kept(i, long_one));
  EXPECT_LE(thoughts.take_changed().size(), Thoughts::most_bytes / Thoughts::longest);
  thoughts.keep(kept(1));
  EXPECT_EQ(thoughts.take_changed().size(), 1u) << "and it goes on";
}

TEST(Thoughts, AsBytesTheyComeBackAndOtherBytesAreNone) {
  Thoughts::Kept one = kept(1, R"({"a":"\u0000"})");
  one.thought.reasoning = "because";
  const auto back = kept_of(bytes_of(one));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->maker.model, 7u);
  EXPECT_EQ(back->maker.family, 8u);
  EXPECT_EQ(back->thought.extra, one.thought.extra);
  EXPECT_EQ(back->thought.reasoning, "because");
  EXPECT_FALSE(kept_of(""));
  EXPECT_FALSE(kept_of(bytes_of(one).substr(0, 30)));
  EXPECT_FALSE(kept_of(std::string(24, '\xff')));
}

TEST(Thoughts, TakeManyThreads) {
  Thoughts thoughts;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&thoughts] {
      for (std::uint64_t i = 1; i < 3'000; ++i) {
        thoughts.keep(kept(i % 300 + 1));
        thoughts.find({i % 200, 0}, start);
        if (i % 100 == 0) thoughts.take_changed();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(thoughts.find({1, 0}, start), nullptr);
}

}  // namespace
}  // namespace freellmapi::relay
