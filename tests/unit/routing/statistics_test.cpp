// What is learnt of candidates, how it fades, and that threads and reloads lose nothing of it.
#include "routing/statistics.hpp"

#include <atomic>
#include <limits>
#include <thread>

#include "counted_new.hpp"
#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Learning : public Routing {
 protected:
  Learning() {
    provider("a", 2);
    model("x");
    provider("b", 0);
    model("y");
  }
  base::Instant now() const { return clock.since_boot(); }
  static Statistics::Answer stream(std::chrono::milliseconds first, std::chrono::milliseconds took,
                                   std::uint64_t tokens) {
    return {true, first, took, tokens};
  }
};

TEST_F(Learning, AnUntriedCandidateIsThoughtToWorkThreeTimesInFour) {
  const Statistics s(policy);
  EXPECT_EQ(s.of(0, 0, now()), (Measured{}));
  EXPECT_EQ(s.of(1, policy::none, now()), (Measured{}));
  EXPECT_EQ(s.of(99, 7, now()), (Measured{}));
}

TEST_F(Learning, AnswersTellSuccessFirstTokenAndRate) {
  Statistics s(policy);
  for (int i = 0; i < 8; ++i) s.answered(1, policy::none, stream(200ms, 2200ms, 100), now());
  s.failed(1, policy::none, now());
  const Measured m = s.of(1, policy::none, now());
  EXPECT_EQ(m.successes, 11'000u);
  EXPECT_EQ(m.failures, 2'000u);
  EXPECT_EQ(m.tries, 9'000u);
  EXPECT_NEAR(m.first_token, 200'000, 20);
  EXPECT_NEAR(m.token_rate, 50'000, 20);
}

TEST_F(Learning, AKeyThatWasNotTriedIsThoughtToBeLikeTheModelsOtherKeys) {
  Statistics s(policy);
  for (int i = 0; i < 30; ++i) s.answered(0, 0, stream(100ms, 1100ms, 80), now());
  const Measured other = s.of(0, 1, now());
  EXPECT_EQ(other.tries, 0u);
  EXPECT_GT(other.successes, 3'800u);
  EXPECT_NEAR(other.first_token, 100'000, 20);
  EXPECT_NEAR(other.token_rate, 80'000, 20);
  for (int i = 0; i < 30; ++i) s.failed(0, 1, now());
  EXPECT_LT(s.of(0, 1, now()).successes, s.of(0, 1, now()).failures);
  EXPECT_GT(s.of(0, 0, now()).successes, 10 * s.of(0, 0, now()).failures);
}

TEST_F(Learning, WhatIsOldCountsLessByHalfEveryHalfLife) {
  Statistics s(policy);
  for (int i = 0; i < 16; ++i) s.answered(1, policy::none, stream(200ms, 200ms, 1), now());
  clock.advance(Statistics::half_life);
  EXPECT_NEAR(s.of(1, policy::none, now()).tries, 8'000, 10);
  clock.advance(Statistics::half_life);
  EXPECT_NEAR(s.of(1, policy::none, now()).tries, 4'000, 10);
  s.failed(1, policy::none, now());
  EXPECT_NEAR(s.of(1, policy::none, now()).tries, 5'000, 10);
  clock.advance(24h * 30);
  EXPECT_EQ(s.of(1, policy::none, now()), (Measured{}));
}

TEST_F(Learning, ManyRequestsAtOnceAreOutweighedByThoseThatFollow) {
  Statistics s(policy);
  for (int i = 0; i < 10'000; ++i) s.answered(1, policy::none, stream(100ms, 100ms, 1), now());
  for (int i = 0; i < 60; ++i) s.failed(1, policy::none, now());
  EXPECT_LT(s.of(1, policy::none, now()).successes, s.of(1, policy::none, now()).failures);
}

TEST_F(Learning, AnAnswerThatComesWholeTellsItsRateAndAShortOneItsFirstToken) {
  Statistics s(policy);
  s.answered(1, policy::none, {false, {}, 2s, 100}, now());
  EXPECT_EQ(s.of(1, policy::none, now()).first_token, 0u);
  EXPECT_NEAR(s.of(1, policy::none, now()).token_rate, 50'000, 20);
  s.answered(1, policy::none, {false, {}, 300ms, 2}, now());
  EXPECT_NEAR(s.of(1, policy::none, now()).first_token, 300'000, 20);
  EXPECT_FALSE(s.first_token_quantile(1, 0.5, now()));
}

TEST_F(Learning, AQuantileNeedsEnoughStreamsAndIsRoundedUpByAQuarterAtMost) {
  Statistics s(policy);
  for (int i = 1; i <= 9; ++i) s.answered(1, policy::none, stream(100ms, 100ms, 1), now());
  EXPECT_FALSE(s.first_token_quantile(1, 0.95, now()));
  for (int i = 1; i <= 100; ++i)
    s.answered(1, policy::none, stream(std::chrono::milliseconds{i * 10}, 2s, 1), now());
  for (const double share : {0.25, 0.5, 0.9, 0.95, 1.0}) {
    const auto told = s.first_token_quantile(1, share, now());
    ASSERT_TRUE(told);
    EXPECT_GE(static_cast<double>(told->count()), 1000 * share * 0.75) << share;
    EXPECT_LE(static_cast<double>(told->count()), 1000 * share * 1.26) << share;
  }
  EXPECT_FALSE(s.first_token_quantile(0, 0.95, now()));
  clock.advance(4 * Statistics::half_life);
  EXPECT_FALSE(s.first_token_quantile(1, 0.95, now()));
}

TEST_F(Learning, ADeadlineMadeOfAQuantileDoesNotGrowTighterByItsOwnDoing) {
  Statistics s(policy);
  for (int i = 0; i < 300; ++i) {
    const auto deadline = s.first_token_quantile(1, 0.95, now());
    const std::chrono::milliseconds would_take{100 + (i * 37) % 900};
    if (deadline && would_take > *deadline) {
      s.silent(1, policy::none, *deadline, true, now());
    } else {
      s.answered(1, policy::none, stream(would_take, 2s, 1), now());
    }
  }
  EXPECT_GE(s.first_token_quantile(1, 0.95, now()), 850ms);
}

TEST_F(Learning, WhoWasOvertakenIsSlowAndHasNeitherSucceededNorFailed) {
  Statistics s(policy);
  for (int i = 0; i < 20; ++i) s.answered(0, 0, stream(100ms, 1100ms, 80), now());
  const Measured before = s.of(0, 0, now());
  const auto usual = s.first_token_quantile(0, 0.9, now());
  for (int i = 0; i < 4; ++i) s.overtaken(0, 0, 400ms, now());
  const Measured after = s.of(0, 0, now());
  EXPECT_EQ(after.successes, before.successes);
  EXPECT_EQ(after.failures, before.failures);
  EXPECT_EQ(after.tries, before.tries);
  EXPECT_GT(after.first_token, before.first_token);
  EXPECT_LE(usual, 125ms);
  EXPECT_GE(s.first_token_quantile(0, 0.9, now()), 600ms) << "slower than the time it was given";
}

TEST_F(Learning, ExtremeTimesStayWithinTheTable) {
  Statistics s(policy);
  for (int i = 0; i < 20; ++i) s.answered(1, policy::none, stream(0ms, 0ms, 0), now());
  EXPECT_LE(s.first_token_quantile(1, 0.5, now()), 5ms);
  for (int i = 0; i < 400; ++i) s.answered(1, policy::none, stream(24h, 48h, ~std::uint64_t{0}), now());
  EXPECT_GE(s.first_token_quantile(1, 0.9, now()), 10min);
  EXPECT_LE(s.first_token_quantile(1, 0.9, now()), 20min);
  EXPECT_GT(s.of(1, policy::none, now()).first_token, 0u);
}

TEST_F(Learning, WhatWasWrittenDownIsKnownAgainAfterARestart) {
  Statistics s(policy);
  for (int i = 0; i < 30; ++i) s.answered(0, 1, stream(100ms, 1100ms, 80), now());
  s.failed(0, 1, now());
  s.answered(1, policy::none, stream(200ms, 900ms, 40), now());
  const auto written = s.learned({});
  EXPECT_EQ(written.size(), 2u + 2u + 1u) << "two models, their first tokens, one key";

  // Of a clock that has begun anew.
  clock.advance(10min);
  constexpr auto earlier = 4 * Statistics::half_life;
  Statistics after(policy);
  for (Statistics::Learned part : written) {
    part.at -= earlier;
    after.restore(part);
  }
  const base::Instant present = now() - earlier;
  EXPECT_EQ(after.of(0, 1, present), s.of(0, 1, now()));
  EXPECT_EQ(after.of(0, 0, present), s.of(0, 0, now()));
  EXPECT_EQ(after.of(1, policy::none, present), s.of(1, policy::none, now()));
  EXPECT_EQ(after.first_token_quantile(0, 0.9, present), s.first_token_quantile(0, 0.9, now()));
  EXPECT_TRUE(s.learned(now()).empty()) << "nothing since";
}

TEST_F(Learning, WhatNothingCanHaveLearnedIsPassedOver) {
  Statistics s(policy);
  for (int i = 0; i < 12; ++i) s.answered(0, 1, stream(100ms, 1100ms, 80), now());
  const Measured before = s.of(0, 1, now());
  Statistics after(policy);
  for (const Statistics::Learned& part : s.learned({})) {
    for (const float bad :
         {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Statistics::Learned damaged = part;
      damaged.figures.back() = bad;
      after.restore(damaged);
    }
    Statistics::Learned shorter = part;
    shorter.figures.pop_back();
    after.restore(shorter);
    Statistics::Learned another = part;
    another.name += 1;
    after.restore(another);
    s.restore(part);
  }
  EXPECT_TRUE(after.learned({}).empty());
  EXPECT_EQ(s.of(0, 1, now()), before) << "what has learned something already does not go back";
}

TEST_F(Learning, AReloadKeepsWhatHasTheSameNameAndKey) {
  Statistics s(policy);
  for (int i = 0; i < 12; ++i) s.answered(0, 1, stream(100ms, 300ms, 40), now());
  s.answered(1, policy::none, stream(100ms, 300ms, 40), now());
  const Measured before = s.of(0, 1, now());

  // Another model and another key in front: every index is another one.
  policy::Policy next = policy;
  next.providers[0].keys = {2, 1};
  next.keys.push_back({});
  next.keys[2].fingerprint = 77;
  next.models.insert(next.models.begin(), next.models[1]);
  next.models[0].id = "new";
  Statistics after(next, &s);
  EXPECT_EQ(after.of(1, 1, now()), before);
  EXPECT_EQ(after.of(1, 2, now()).tries, 0u);
  EXPECT_EQ(after.of(0, policy::none, now()), (Measured{}));
  EXPECT_TRUE(after.first_token_quantile(1, 0.5, now()));
  // A request that began under the old policy still teaches the new one.
  s.failed(0, 1, now());
  EXPECT_EQ(after.of(1, 1, now()).tries, before.tries + 1'000);
}

TEST_F(Learning, ThreadsLoseNothingAndAllocateNothing) {
  Statistics s(policy);
  const base::Instant at = now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 9; ++i) {
        s.answered(0, 0, stream(100ms, 300ms, 40), at);
        (void)s.of(0, 0, at);
        (void)s.first_token_quantile(0, 0.9, at);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(s.of(0, 0, at).tries, 36'000u);
  const unsigned long before = allocations();
  s.answered(0, 0, stream(100ms, 300ms, 40), at);
  s.failed(0, 0, at);
  s.silent(0, 0, 1s, true, at);
  (void)s.of(0, 0, at);
  (void)s.first_token_quantile(0, 0.9, at);
  EXPECT_EQ(allocations() - before, 0u);
}

}  // namespace
}  // namespace freellmapi::routing::testing
