// Wall-clock, token-bucket, first-use and concurrency windows.
#include <algorithm>
#include <random>
#include <vector>

#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using WallClock = World;
using Bucket = World;
using FirstUse = World;
using Concurrency = World;

policy::Rule bucket(std::uint64_t limit) {
  return rule(limit, policy::Unit::requests, policy::Per::minute, 60s, policy::Reset::token_bucket);
}
policy::Rule first_use(std::uint64_t limit) {
  return rule(limit, policy::Unit::requests, policy::Per::rolling, 5h, policy::Reset::first_use);
}

TEST_F(WallClock, AFullDayComesBackAtMidnight) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
  EXPECT_EQ(check().state, State::full);
  EXPECT_EQ(check().free_at, base::WallTime{} + 1'767'225'600s + 24h);
  clock.advance(14h - 1ms);
  EXPECT_EQ(fill(), 0u);
  clock.advance(1ms);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, ABackwardJumpFreesNothing) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
  clock.jump_wall(-11h);  // into yesterday
  EXPECT_EQ(fill(), 0u);
  clock.advance(2h);  // over the midnight that has already been
  EXPECT_EQ(fill(), 0u);
  clock.advance(23h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, AForwardJumpFreesNothing) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
  clock.jump_wall(24h * 400);
  EXPECT_EQ(fill(), 0u);
  EXPECT_EQ(check().free_at, clock.wall() + 14h) << "the midnight that was coming";
  clock.advance(1h);
  clock.jump_wall(-24h * 400);
  EXPECT_EQ(fill(), 0u) << "nor does putting it right";
  clock.advance(13h - 1ms);
  EXPECT_EQ(fill(), 0u);
  clock.advance(1ms);
  EXPECT_EQ(fill(), 4u) << "and nothing is stuck";
  clock.advance(24h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, ByAClockThatWasPutRightTheResetComesWhenItShould) {
  with({per_day(4)});
  clock.advance(20h);
  clock.jump_wall(-10h);  // it had gone ahead: it is ten, not twenty
  EXPECT_EQ(fill(), 4u);
  clock.advance(4h);  // the midnight that was none
  EXPECT_EQ(fill(), 0u);
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, WhatWasSpentBeforeAFalseMidnightIsNotForgottenWhenTheClockIsPutRight) {
  with({per_day(4)});
  clock.advance(23h);
  EXPECT_EQ(fill(), 4u);
  clock.advance(2h);
  clock.jump_wall(-12h);  // it is 13:00 of the first day, and has been since
  EXPECT_EQ(fill(), 0u);
  clock.advance(11h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, ThatIsPutRightAfterAResetDoesNotHoldBackAWholePeriodMore) {
  with({per_day(4)});
  clock.advance(18h);
  EXPECT_EQ(fill(), 4u);
  clock.jump_wall(10h);  // 04:00 of the next day
  EXPECT_EQ(fill(), 0u);
  clock.advance(7h);
  EXPECT_EQ(fill(), 0u) << "right midnight has been, the false one has not";
  clock.jump_wall(-10h);  // 01:00
  EXPECT_EQ(fill(), 0u) << "nobody can know which was right";
  EXPECT_EQ(check().free_at, clock.wall() + 13h);
  clock.advance(13h);
  EXPECT_EQ(fill(), 4u) << "the false midnight";
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u) << "the right one";
  clock.advance(24h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, ThatGoesToAndFroIsHeldToBothTimes) {
  with({per_day(4)});
  clock.advance(18h);
  EXPECT_EQ(fill(), 4u);
  for (int i = 0; i < 7; ++i) {  // every hour another system is started, which takes the clock for local time
    clock.jump_wall(i % 2 == 0 ? 10h : -10h);
    clock.advance(1h);
    EXPECT_EQ(fill(), 0u) << i;
  }
  // By one of the two it is 01:00, by the other 11:00 of the day in which the four were spent.
  clock.jump_wall(-10h);
  EXPECT_EQ(fill(), 0u);
  clock.jump_wall(10h);
  EXPECT_EQ(fill(), 0u);
  clock.advance(13h);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, AClockThatStaysSetIsBelievedInTheEnd) {
  with({per_day(4)});
  clock.advance(10h);
  clock.jump_wall(6h);
  for (int day = 0; day < 4; ++day) {
    EXPECT_EQ(fill(), 4u) << day;
    clock.advance(24h);
  }
  EXPECT_EQ(check().state, State::free);
  EXPECT_EQ(fill(), 4u);
  EXPECT_EQ(check().free_at, clock.wall() + 8h) << "midnight by the new clock alone";
}

TEST_F(WallClock, TheProvidersWordSaysWhichClockIsRight) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_TRUE(spend());
  clock.jump_wall(6h);
  ledger.state(*plan, 0, 0, {policy::Unit::requests, policy::Per::day, 4, 3, 8h}, now());
  EXPECT_EQ(fill(), 3u);
  EXPECT_EQ(check().free_at, clock.wall() + 8h);
}

TEST_F(WallClock, AClockThatIsKeptRightIsNotSet) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
  for (int hour = 0; hour < 14; ++hour) {
    clock.jump_wall(-500ms);
    clock.advance(1h);
    EXPECT_EQ(fill(), 0u);
  }
  clock.advance(7s);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, AThreadThatWasHeldUpDoesNotLookLikeAJump) {
  with({rule(4, policy::Unit::requests, policy::Per::second, 1s, policy::Reset::wall_clock)});
  const Now old = now();
  clock.advance(10s);
  EXPECT_EQ(fill(), 4u);
  EXPECT_EQ(ledger.check(*plan, 0, 0, {}, old).state, State::full);
  EXPECT_EQ(fill(), 0u);
  clock.advance(1s);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(WallClock, WhatIsSentJustBeforeTheResetCountsOnBothSides) {
  // It may reach the provider after midnight.
  with({per_day(10)});
  clock.advance(24h - 100ms);
  EXPECT_TRUE(spend());
  EXPECT_TRUE(spend());
  EXPECT_TRUE(spend());
  clock.advance(100ms);
  EXPECT_EQ(fill(), 7u);
  clock.advance(24h);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(WallClock, WhatWasSentLongBeforeTheResetIsForgotten) {
  with({per_day(10)});
  clock.advance(24h - 10s);
  EXPECT_EQ(fill(), 10u);
  clock.advance(10s);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Bucket, StartsFullAndRefillsEvenly) {
  with({bucket(60)});
  EXPECT_EQ(fill(), 60u);
  clock.advance(937ms);  // the time the first request may have needed to arrive
  clock.advance(10s + 1ms);
  EXPECT_EQ(fill(), 10u);
  clock.advance(500ms);
  EXPECT_EQ(fill(), 0u);
  clock.advance(500ms);
  EXPECT_EQ(fill(), 1u) << "halves are not lost";
}

TEST_F(Bucket, FreeAtIsWhenEnoughHasRunIn) {
  with({bucket(60)});
  EXPECT_EQ(fill(), 60u);
  const Verdict full = check();
  ASSERT_EQ(full.state, State::full);
  clock.advance(full.free_at - clock.wall() - 1ms);
  EXPECT_EQ(fill(), 0u);
  clock.advance(1ms);
  EXPECT_EQ(fill(), 1u);
}

TEST_F(Bucket, NeverHoldsMoreThanItsLimit) {
  with({bucket(60)});
  EXPECT_EQ(fill(), 60u);
  clock.advance(24h);
  EXPECT_EQ(fill(), 60u);
}

TEST_F(Bucket, WhatWasRefilledMeanwhileIsNotGivenBackAgain) {
  with({rule(60, policy::Unit::input_tokens, policy::Per::minute, 60s, policy::Reset::token_bucket)});
  Reservation r = reserve({40, 0, 0});
  clock.advance(30s + 1s);  // 30 of the 40 have run in
  EXPECT_TRUE(spend({30, 0, 0}));
  ledger.settle(std::move(r), {true, 0, {}, {}}, now());
  EXPECT_EQ(check({31, 0, 0}).state, State::full) << "30 were spent a moment ago";
  EXPECT_EQ(check({30, 0, 0}).state, State::free);
}

// Requests of random size, each reserved with more than it costs, many at once, always more than there is
// room for. The provider counts what they cost when they arrive.
TEST_F(Bucket, OverestimatesAreGivenBackWholeAndNothingIsOverspent) {
  constexpr std::uint64_t limit = 60'000;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    with({rule(limit + seed, policy::Unit::input_tokens, policy::Per::minute, 60s,
               policy::Reset::token_bucket)});
    const double rate = static_cast<double>(limit + seed) / 60'000;  // per millisecond
    std::mt19937 random(seed);
    const auto from = [&random](std::uint64_t low, std::uint64_t high) {
      return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    struct Open {
      Reservation reservation;
      std::uint64_t cost;
      base::Instant ends;
    };
    std::vector<Open> open;
    base::Instant steady_from, steady_to;
    double spent = 0, settled = 0;  // at the provider: in the bucket now; in all, once it runs steadily
    for (int step = 0; step < 4'000; ++step) {
      const auto passed = std::chrono::milliseconds{from(20, 400)};
      // Now and then nobody asks, long enough for the bucket to fill.
      const bool quiet = step % 20 == 0 && (step < 600 || step > 1'400);
      const auto moved = quiet ? std::chrono::milliseconds{from(0, 30'000)} : passed;
      clock.advance(moved);
      spent = std::max(0.0, spent - rate * static_cast<double>(moved.count()));
      for (Open& one : open) {
        if (one.ends > clock.steady()) continue;
        ledger.settle(std::move(one.reservation), {true, one.cost, {}, {}}, now());
      }
      std::erase_if(open, [this](const Open& one) { return one.ends <= clock.steady(); });
      while (open.size() < 60) {
        const std::uint64_t bound = from(500, 4'000);
        if (check({bound, 0, 0}).state != State::free) break;
        const std::uint64_t cost = from(bound / 4 + 1, bound);
        open.push_back(
            {reserve({bound, 0, 0}), cost, clock.steady() + std::chrono::milliseconds{from(50, 9'000)}});
        spent += static_cast<double>(cost);
        ASSERT_LE(spent, static_cast<double>(limit + seed) + 1) << "seed " << seed << " step " << step;
        if (step > 600 && step < 1'400) settled += static_cast<double>(cost);
      }
      if (step == 600) steady_from = clock.steady();
      if (step == 1'399) steady_to = clock.steady();
    }
    const auto length = std::chrono::duration<double, std::milli>(steady_to - steady_from).count();
    EXPECT_GE(settled, 0.97 * rate * length) << "seed " << seed;
    for (Open& one : open) ledger.settle(std::move(one.reservation), {true, one.cost, {}, {}}, now());
    clock.advance(10min);
  }
}

TEST_F(FirstUse, TheWindowOpensWithTheFirstRequest) {
  with({first_use(5)});
  clock.advance(3h);
  EXPECT_FALSE(row().resets_at.has_value());
  EXPECT_TRUE(spend());
  clock.advance(4h);
  EXPECT_EQ(fill(), 4u);
  clock.advance(1h);
  EXPECT_EQ(fill(), 0u) << "the first request may have arrived a little later than it was sent";
  clock.advance(2s);
  EXPECT_EQ(fill(), 5u);
}

TEST_F(FirstUse, ARefusedRequestOpensNothing) {
  with({rule(3, policy::Unit::requests, policy::Per::rolling, 5h, policy::Reset::first_use)});
  ledger.settle(reserve(), {false, 0, 0, {}}, now());
  clock.advance(4h);
  EXPECT_EQ(fill(), 3u) << "the first of them opens it";
  clock.advance(2h);
  EXPECT_EQ(fill(), 0u) << "six hours after the one that was refused";
  clock.advance(3h + 5s);
  EXPECT_EQ(fill(), 3u);
}

TEST_F(FirstUse, UntilOneIsKnownToHaveCountedAnyOfThemMayHaveOpenedIt) {
  with({rule(3, policy::Unit::requests, policy::Per::rolling, 5h, policy::Reset::first_use)});
  Reservation first = reserve();
  clock.advance(2h);
  Reservation second = reserve();
  clock.advance(1h);
  ledger.settle(std::move(first), {false, 0, 0, {}}, now());
  clock.advance(1h);
  ledger.settle(std::move(second), {}, now());
  EXPECT_EQ(fill(), 2u);
  clock.advance(2h);
  EXPECT_EQ(fill(), 0u) << "the second has opened it, and that was four hours ago";
  clock.advance(1h + 5s);
  EXPECT_EQ(fill(), 3u);
}

TEST_F(FirstUse, WhatIsSentJustBeforeTheEndCountsInTheNextWindowToo) {
  with({first_use(5)});
  EXPECT_TRUE(spend());
  clock.advance(5h + 1900ms);
  EXPECT_TRUE(spend());
  EXPECT_TRUE(spend());
  clock.advance(200ms);
  EXPECT_EQ(row().used, 2u);
  clock.advance(1h);
  EXPECT_EQ(fill(), 3u);
  clock.advance(4h + 3s);
  EXPECT_EQ(fill(), 0u) << "the next window opened when the last ended, or an hour later";
  clock.advance(1h);
  EXPECT_EQ(fill(), 5u);
}

TEST_F(FirstUse, WhatIsSentJustBeforeTheEndMayOpenTheNextWindowWhileItRuns) {
  with({rule(30, policy::Unit::output_tokens, policy::Per::rolling, 5h, policy::Reset::first_use)});
  EXPECT_TRUE(spend({0, 5, 0}));
  clock.advance(5h + 1s);
  Reservation runs = reserve({0, 20, 0});
  clock.advance(1h);
  ledger.settle(std::move(runs), {true, 0, 20, {}}, now());
  EXPECT_EQ(row().used, 20u);
  clock.advance(3h);
  EXPECT_EQ(check({0, 11, 0}).state, State::full);
}

TEST_F(Concurrency, ASlotIsHeldUntilTheRequestEnds) {
  with({at_once(2)});
  Reservation a = reserve(), b = reserve();
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(reserve());
  EXPECT_EQ(last.state, State::full);
  clock.advance(1h);
  EXPECT_FALSE(reserve()) << "a stream of an hour keeps its slot for an hour";
  ledger.settle(std::move(a), {}, now());
  EXPECT_TRUE(reserve());
  { const Reservation dropped = std::move(b); }
  Reservation c = reserve(), d = reserve();
  EXPECT_TRUE(c && d);
}

}  // namespace
}  // namespace freellmapi::quota::testing
