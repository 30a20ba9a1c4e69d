#include "store/key_health.hpp"

#include "folder.hpp"
#include "store/schema.hpp"

namespace freellmapi::store::test {
namespace {

class KeyHealthTest : public Folder {
 protected:
  KeyHealthTest() { EXPECT_TRUE(make_database(database)); }
  std::unique_ptr<KeyHealth> open() { return std::move(*KeyHealth::open(database)); }
  base::ManualClock clock;
};

TEST_F(KeyHealthTest, AKeyIsBadAfterThreeConfirmedRefusalsInARowAndNotBefore) {
  const auto health = open();
  EXPECT_EQ(name(health->of("groq", 7).state()), "unknown");
  for (const char* state : {"refused", "refused", "bad"}) {
    health->refused("groq", 7, clock.wall());
    EXPECT_EQ(name(health->of("groq", 7).state()), state);
    clock.advance(std::chrono::minutes{5});
  }
  EXPECT_EQ(name(health->of("groq", 8).state()), "unknown");
  EXPECT_EQ(name(health->of("mistral", 7).state()), "unknown");
  health->good("groq", 7, clock.wall());
  EXPECT_EQ(name(health->of("groq", 7).state()), "good");
  health->refused("groq", 7, clock.wall());
  EXPECT_EQ(health->of("groq", 7).refusals, 1U) << "in a row";
}

TEST_F(KeyHealthTest, RefusalsThatWereInFlightTogetherAreOne) {
  const auto health = open();
  for (int i = 0; i < 10; ++i) health->refused("groq", 7, clock.wall());
  EXPECT_EQ(health->of("groq", 7).refusals, 1U);
}

TEST_F(KeyHealthTest, SurvivesARestart) {
  const base::WallTime first = clock.wall();
  {
    const auto health = open();
    health->good("groq", UINT64_MAX, first);
    clock.advance(std::chrono::hours{1});
    health->refused("groq", UINT64_MAX, clock.wall());
    health->probed("groq", 5, clock.wall());
    ASSERT_TRUE(health->save());
  }
  const auto health = open();
  const KeyRecord r = health->of("groq", UINT64_MAX);
  EXPECT_EQ(r.last_good, first);
  EXPECT_EQ(r.last_refused, clock.wall());
  EXPECT_EQ(r.refusals, 1U);
  EXPECT_EQ(r.last_probe, std::nullopt);
  EXPECT_EQ(health->of("groq", 5).last_probe, clock.wall());
}

TEST_F(KeyHealthTest, WhatAnotherProcessSawLaterIsNotOverwritten) {
  const auto mine = open();
  const auto other = open();
  mine->good("groq", 1, clock.wall());
  clock.advance(std::chrono::hours{1});
  other->good("groq", 1, clock.wall());
  ASSERT_TRUE(other->save());
  ASSERT_TRUE(mine->save());
  EXPECT_EQ(open()->of("groq", 1).last_good, clock.wall());
}

TEST_F(KeyHealthTest, IsBoundedAndForgetsTheKeyThatWasSilentLongest) {
  const auto health = open();
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    health->good("groq", i, clock.wall());
    clock.advance(std::chrono::seconds{1});
  }
  EXPECT_EQ(health->of("groq", 0).last_good, std::nullopt);
  EXPECT_NE(health->of("groq", 4'999).last_good, std::nullopt);
  EXPECT_TRUE(health->save());
}

}  // namespace
}  // namespace freellmapi::store::test
