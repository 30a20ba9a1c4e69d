// What a provider says about its windows.
#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using policy::Per;
using policy::Unit;

class Stated : public World {
 protected:
  void say(const Statement& statement) { ledger.state(*plan, 0, 0, statement, now()); }
  static Statement requests(Per per, std::optional<std::uint64_t> limit,
                            std::optional<std::uint64_t> remaining,
                            std::optional<std::chrono::milliseconds> reset_in = {}) {
    return {Unit::requests, per, limit, remaining, reset_in};
  }
};

TEST_F(Stated, LessRemainingThanOursMeansSomebodyElseSpends) {
  with({per_minute(30), per_day(1000)});
  spend();
  say(requests(Per::minute, 30, 4));
  EXPECT_EQ(fill(), 4u);
  EXPECT_EQ(row(1).used, 5u) << "the day was not spoken of";
}

TEST_F(Stated, MoreRemainingThanOursGivesBack) {
  with({per_day(30)});
  for (int i = 0; i < 20; ++i) spend();
  say(requests(Per::day, 30, 25));
  EXPECT_EQ(row().used, 5u);
  EXPECT_EQ(fill(), 25u);
}

TEST_F(Stated, MoreRemainingGivesBackTheOldestOfARollingWindow) {
  with({per_minute(30)});
  for (int i = 0; i < 10; ++i) spend();
  clock.advance(30s);
  for (int i = 0; i < 10; ++i) spend();
  say(requests(Per::minute, 30, 20));
  EXPECT_EQ(row().used, 10u);
  clock.advance(32s);
  EXPECT_EQ(row().used, 10u) << "the newer ones are still counted";
}

TEST_F(Stated, FiguresThatCoverTheRequestsInFlightChangeNothing) {
  with({per_minute(30)});
  for (int i = 0; i < 3; ++i) spend();
  const Reservation a = reserve(), b = reserve();
  say(requests(Per::minute, 30, 27));
  EXPECT_EQ(row().used, 3u);
  EXPECT_EQ(row().reserved, 2u);
  say(requests(Per::minute, 30, 25));
  EXPECT_EQ(row().used + row().reserved, 5u);
}

TEST_F(Stated, AmongParallelRequestsAnOldFigureFreesNothing) {
  with({per_minute(30)});
  Reservation slow = reserve();  // the provider has answered it first, we hear it last
  for (int i = 0; i < 5; ++i) spend();
  say(requests(Per::minute, 30, 29));
  EXPECT_EQ(row().used + row().reserved, 6u);
  ledger.settle(std::move(slow), {}, now());
  spend();  // alone again: now the provider is believed
  say(requests(Per::minute, 30, 23));
  EXPECT_EQ(row().used, 7u);
  say(requests(Per::minute, 30, 25));
  EXPECT_EQ(row().used, 5u);
}

TEST_F(Stated, ALowerLimitHoldsUntilTheProviderSaysOtherwise) {
  with({per_minute(30)});
  say(requests(Per::minute, 10, {}));
  EXPECT_EQ(row().limit, 10u);
  EXPECT_EQ(fill(), 10u);
  say(requests(Per::minute, 30, {}));
  EXPECT_EQ(fill(), 20u);
}

TEST_F(Stated, NoStatementLiftsALimitAboveThePolicys) {
  with({per_minute(10)});
  for (int i = 0; i < 5; ++i) spend();
  say(requests(Per::minute, 30, 25));
  EXPECT_EQ(row().limit, 10u);
  EXPECT_EQ(row().used, 5u);
  say(requests(Per::minute, {}, 25));
  EXPECT_EQ(row().used, 5u);
  EXPECT_EQ(fill(), 5u);
}

TEST_F(Stated, RemainingWithoutALimitAboveOursFreesNothing) {
  with({per_minute(10)});
  for (int i = 0; i < 5; ++i) spend();
  say(requests(Per::minute, {}, 25));
  EXPECT_EQ(row().used, 5u);
}

TEST_F(Stated, ResetInMovesTheEndOfAWallClockWindow) {
  with({per_day(10)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 10u);
  say(requests(Per::day, 10, 0, 3h));
  EXPECT_EQ(check().free_at, clock.wall() + 3h);
  clock.advance(3h);
  EXPECT_EQ(fill(), 10u);
  EXPECT_EQ(check().free_at, clock.wall() + 24h) << "and the next ends with it";
  clock.advance(11h);
  EXPECT_EQ(fill(), 0u) << "the calendar's midnight is not the provider's";
}

TEST_F(Stated, ResetInMovesTheEndOfAFirstUseWindow) {
  with({rule(10, Unit::requests, Per::rolling, 5h, policy::Reset::first_use)});
  EXPECT_EQ(fill(), 10u);
  say(requests(Per::rolling, {}, 0, 30min));
  clock.advance(30min - 1ms);
  EXPECT_EQ(fill(), 0u);
  clock.advance(1ms);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Stated, AnImpossibleResetIsNotBelieved) {
  with({per_day(10)});
  EXPECT_EQ(fill(), 10u);
  say(requests(Per::day, 10, 0, 24h * 400));
  say(requests(Per::day, 10, 0, -5s));
  EXPECT_EQ(check().free_at, clock.wall() + 24h);
}

TEST_F(Stated, ForeignSpendingOfARollingWindowLeavesWhenTheProviderSays) {
  with({per_minute(10)});
  say(requests(Per::minute, 10, 0, 20s));
  EXPECT_EQ(fill(), 0u);
  clock.advance(20s);
  EXPECT_EQ(fill(), 0u);
  clock.advance(3s);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Stated, TheModelsOwnWindowIsMeantBeforeTheAccounts) {
  use(PolicyText{}.provider("p", {per_minute(100)}).key(1).model("m", {per_minute(30)}).model("n"));
  say(requests(Per::minute, 30, 10));
  EXPECT_EQ(fill({}, 0, 0), 10u);
  ledger.state(*plan, 0, 1, requests(Per::minute, 100, 50), now());
  EXPECT_EQ(fill({}, 0, 1), 50u);
}

TEST_F(Stated, WordsAboutWindowsWeDoNotKeepChangeNothing) {
  with({per_minute(30)});
  say({Unit::tokens, Per::minute, 10, 0, 1s});
  say(requests(Per::hour, 10, 0));
  ledger.state(*plan, 7, 7, requests(Per::minute, 10, 0), now());
  EXPECT_EQ(fill(), 30u);
}

class OfACatalogue : public Stated {
 protected:
  void with_liftable(policy::Rule r) {
    r.liftable = true;
    with({std::move(r)});
  }
};

TEST_F(OfACatalogue, ALimitIsLiftedWhenTheProviderHasSaidSoTwice) {
  with_liftable(per_minute(30));
  say(requests(Per::minute, 60, 60));
  EXPECT_EQ(row().limit, 30u) << "once may be a slip";
  say(requests(Per::minute, 60, 60));
  EXPECT_EQ(row().limit, 60u);
  EXPECT_EQ(fill(), 60u);
}

TEST_F(OfACatalogue, ALimitGoesDownAtOnceAndComesBackUp) {
  with_liftable(per_minute(30));
  say(requests(Per::minute, 10, 10));
  EXPECT_EQ(row().limit, 10u);
  say(requests(Per::minute, 40, 40));
  EXPECT_EQ(row().limit, 30u) << "back to the catalogue's at once";
  say(requests(Per::minute, 40, 40));
  EXPECT_EQ(row().limit, 40u) << "and above it when it is sure: three responses";
}

TEST_F(OfACatalogue, AProviderThatContradictsItselfLiftsNothing) {
  with_liftable(per_minute(30));
  for (int i = 0; i < 10; ++i) say(requests(Per::minute, i % 2 == 0 ? 60 : 90, 20));
  EXPECT_EQ(row().limit, 30u);
}

TEST_F(OfACatalogue, AnAbsurdLimitIsNotBelieved) {
  with_liftable(per_minute(30));
  for (int i = 0; i < 5; ++i) say(requests(Per::minute, 1'000'000, 1'000'000));
  EXPECT_EQ(row().limit, 30u);
  for (int i = 0; i < 5; ++i) say(requests(Per::minute, UINT64_MAX - 1, 5));
  EXPECT_EQ(row().limit, 30u);
}

TEST_F(OfACatalogue, ALimitThatTheUserThenWritesIsKept) {
  with_liftable(per_minute(30));
  for (int i = 0; i < 3; ++i) say(requests(Per::minute, 60, 60));
  ASSERT_EQ(row().limit, 60u);
  with({per_minute(30)});
  EXPECT_EQ(row().limit, 30u);
}

TEST_F(Stated, AnotherProgramOnTheSameKeyIsSeenAndForgottenWithItsWindow) {
  with({per_day(100)});
  spend();
  EXPECT_FALSE(row().stated.at.has_value());
  say(requests(Per::day, 100, 69));
  EXPECT_EQ(row().stated.others, 30u);
  EXPECT_EQ(row().stated.limit, 100u);
  EXPECT_EQ(row().stated.at, clock.wall());
  EXPECT_EQ(fill(), 69u);
  clock.advance(24h);
  EXPECT_EQ(row().stated.others, 0u);
  EXPECT_EQ(fill(), 100u);
}

TEST_F(Stated, DriftThatTheProviderTakesBackIsTakenBack) {
  with({per_day(100)});
  spend();
  say(requests(Per::day, 100, 50));
  EXPECT_EQ(row().stated.others, 49u);
  spend();
  say(requests(Per::day, 100, 98));
  EXPECT_EQ(row().stated.others, 0u);
  EXPECT_EQ(row().used, 2u);
}

TEST_F(Stated, FiguresInAUnitOfTheProvidersOwnAreItsUnits) {
  with({per_day(100, Unit::own)});
  ledger.settle(reserve({0, 0, 7'500}), {true, {}, {}, 7'500}, now());
  EXPECT_EQ(row().used, 8u) << "rounded up";
  say({Unit::own, Per::day, 100, 60, {}});
  EXPECT_EQ(row().used, 40u);
  EXPECT_EQ(row().limit, 100u);
}

TEST_F(World, PressureIsTheShareThatIsLeftForEachHourUntilTheSameWindowResets) {
  with({per_minute(5), per_day(100)});
  const auto pressure = [this] { return ledger.pressure(*plan, 0, 0, now()); };
  EXPECT_EQ(pressure(), 1'000'000u / 24);
  clock.advance(12h);
  EXPECT_EQ(pressure(), 1'000'000u / 12);
  for (int i = 0; i < 5; ++i) spend();
  EXPECT_EQ(pressure(), 950'000u / 12);
  with({per_minute(5)});
  EXPECT_EQ(pressure(), 0u) << "a minute is soon full again: nothing expires";
}

TEST_F(World, PressureIsThatOfTheScarcestWindow) {
  with({per_day(100), rule(1000, Unit::requests, Per::month, 30 * 24h, policy::Reset::wall_clock)});
  EXPECT_EQ(ledger.pressure(*plan, 0, 0, now()), 1'000'000u / (31 * 24));
}

TEST_F(World, HeadroomIsTheShareLeftOfTheScarcestWindow) {
  with({per_minute(4), per_day(10), at_once(1), per_day(100, Unit::tokens)});
  const auto headroom = [this] { return ledger.headroom(*plan, 0, 0, now()); };
  EXPECT_EQ(headroom(), 1'000'000u);
  {
    const Reservation r = reserve({20, 20, 0});
    EXPECT_EQ(headroom(), 600'000u) << "what is held is gone; a slot of concurrency is soon free again";
  }
  spend();
  EXPECT_EQ(headroom(), 500'000u);
  clock.advance(2min);
  EXPECT_GT(headroom(), 500'000u);
  EXPECT_EQ(ledger.headroom(*plan, 7, 7, now()), 0u);
}

class Surplus : public World {
 protected:
  bool left(Need need = {}) { return ledger.surplus(*plan, 0, 0, need, now()); }
};

TEST_F(Surplus, IsWhatADayLeavesAtThePresentPace) {
  with({per_day(100)});
  clock.advance(12h);
  for (int i = 0; i < 39; ++i) spend();
  EXPECT_TRUE(left()) << "40 in half a day: 80 in all of it";
  spend();
  EXPECT_FALSE(left()) << "a fifth would not be left";
  clock.advance(6h);
  EXPECT_TRUE(left()) << "the pace is slower now";
  EXPECT_TRUE(ledger.check(*plan, 0, 0, {}, now()).state == State::free);
}

TEST_F(Surplus, OfADayThatHasJustBegunIsThatOfItsFirstHour) {
  with({per_day(240)});
  for (int i = 0; i < 7; ++i) spend();
  EXPECT_TRUE(left()) << "eight in a second are eight in an hour";
  spend();
  EXPECT_FALSE(left());
}

TEST_F(Surplus, OfAWindowThatLooksBackIsWhatItsLastLengthHasLeft) {
  with({per_minute(10)});
  for (int i = 0; i < 7; ++i) spend();
  EXPECT_TRUE(left());
  const Reservation held = reserve();
  EXPECT_FALSE(left()) << "what is in flight counts";
}

TEST_F(Surplus, IsThereOnlyWhereEveryWindowHasSome) {
  with({per_minute(10), per_day(1'000'000), rule(2'000, Unit::tokens, Per::minute, 60s)});
  EXPECT_TRUE(left({800, 800, 0}));
  EXPECT_FALSE(left({800, 801, 0})) << "what the request itself may cost counts";
  with({per_minute(10), per_day(2)});
  EXPECT_FALSE(left());
}

TEST_F(Surplus, IsNothingWithoutAWindowOrInOneThatNothingHasOpened) {
  with({});
  EXPECT_FALSE(left());
  with({at_once(5)});
  EXPECT_FALSE(left()) << "slots do not run out unused";
  with({rule(100, Unit::requests, Per::rolling, 5h, policy::Reset::first_use)});
  EXPECT_FALSE(left());
  spend();
  clock.advance(1h);
  EXPECT_TRUE(left());
  EXPECT_FALSE(ledger.surplus(*plan, 7, 7, {}, now()));
}

}  // namespace
}  // namespace freellmapi::quota::testing
