#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using Settle = World;
using policy::Unit;

TEST_F(Settle, TheBillReplacesTheBound) {
  with({per_minute(10'000, Unit::tokens)});
  Reservation r = reserve({1000, 4000, 0});
  EXPECT_EQ(row().reserved, 5000u);
  EXPECT_EQ(row().used, 0u);
  ledger.settle(std::move(r), {true, 700, 200, {}}, now());
  EXPECT_EQ(row().reserved, 0u);
  EXPECT_EQ(row().used, 900u);
}

TEST_F(Settle, ABillWithoutFiguresKeepsTheBound) {
  with({per_minute(10'000, Unit::tokens)});
  ledger.settle(reserve({1000, 4000, 0}), {}, now());
  EXPECT_EQ(row().used, 5000u);
}

TEST_F(Settle, ABillUpToFourTimesTheBoundIsBelievedAndAnAbsurdOneIsNot) {
  with({per_minute(100'000, Unit::input_tokens), per_minute(100'000, Unit::output_tokens)});
  ledger.settle(reserve({100, 100, 0}), {true, 400, 401, {}}, now());
  EXPECT_EQ(row(0).used, 400u);
  EXPECT_EQ(row(1).used, 100u);
  ledger.settle(reserve({100, 100, 0}), {true, {}, std::numeric_limits<std::uint64_t>::max(), {}}, now());
  EXPECT_EQ(row(1).used, 200u);
}

TEST_F(Settle, ABillBeyondTheLimitFillsTheWindow) {
  with({per_minute(100, Unit::output_tokens)});
  ledger.settle(reserve({0, 90, 0}), {true, {}, 300, {}}, now());
  EXPECT_EQ(check({0, 1, 0}).state, State::full);
}

TEST_F(Settle, ARequestThatIsNotBilledIsGivenBack) {
  with({per_minute(5), per_day(5)});
  for (int i = 0; i < 20; ++i) ledger.settle(reserve(), {false, 0, 0, {}}, now());
  EXPECT_EQ(fill(), 5u);
}

TEST_F(Settle, ADroppedReservationGivesBackEverythingButTheRequest) {
  with({per_minute(5), per_minute(1000, Unit::tokens), per_day(1000, Unit::own)});
  { const Reservation dropped = reserve({500, 500, 100'000}); }
  EXPECT_EQ(row(0).used, 1u);
  EXPECT_EQ(row(1).used + row(1).reserved, 0u);
  EXPECT_EQ(row(2).used + row(2).reserved, 0u);
}

TEST_F(Settle, AReservationIsLetGoForAnotherOneAndNotForARefusal) {
  with({per_minute(1000, Unit::tokens)});
  Reservation held = reserve({100, 100, 0});
  EXPECT_EQ(ledger.reserve(plan, 0, 0, {900, 0, 0}, now(), held).state, State::full);
  EXPECT_TRUE(held);
  EXPECT_EQ(row().reserved, 200u);
  EXPECT_EQ(ledger.reserve(plan, 0, 0, {300, 0, 0}, now(), held).state, State::free);
  EXPECT_EQ(row().used + row().reserved, 300u);
}

TEST_F(Settle, AReservationThatIsMovedIsSettledOnce) {
  with({per_minute(5), per_minute(1000, Unit::tokens)});
  Reservation a = reserve({100, 100, 0});
  Reservation b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): what is left is stated
  a = std::move(b);
  a = reserve({10, 10, 0});  // the first is dropped here
  EXPECT_EQ(row(1).reserved, 20u);
  ledger.settle(std::move(a), {}, now());
  ledger.settle(std::move(a), {}, now());
  EXPECT_EQ(row(0).used, 2u);
  EXPECT_EQ(row(1).used, 20u);
}

TEST_F(Settle, InAWindowThatHasMovedOnTheRequestAndItsInputAreOfTheOldOne) {
  with({per_day(10), per_day(1000, Unit::input_tokens)});
  clock.advance(23h);
  Reservation r = reserve({400, 0, 0});
  clock.advance(2h);
  EXPECT_TRUE(spend({100, 0, 0}));
  ledger.settle(std::move(r), {false, 10, {}, {}}, now());
  EXPECT_EQ(row(0).used, 1u) << "nothing of the new day is given back";
  EXPECT_EQ(row(1).used, 100u);
}

TEST_F(Settle, OutputIsHeldOverTheResetAndCountsWhereItEnds) {
  with({per_day(1000, Unit::tokens)});
  clock.advance(23h);
  Reservation r = reserve({100, 800, 0});
  clock.advance(2h);
  EXPECT_EQ(row().reserved, 800u);
  EXPECT_EQ(check({0, 201, 0}).state, State::full);
  ledger.settle(std::move(r), {true, 100, 300, {}}, now());
  EXPECT_EQ(row().used, 300u);
}

TEST_F(Settle, InARollingWindowWhatIsGivenBackComesFromWhereItWasCounted) {
  with({per_minute(1000, Unit::input_tokens)});
  Reservation r = reserve({600, 0, 0});
  clock.advance(50s);
  EXPECT_TRUE(spend({400, 0, 0}));
  ledger.settle(std::move(r), {true, 100, {}, {}}, now());
  EXPECT_EQ(row().used, 500u);
  clock.advance(12s);  // the first 100 leave
  EXPECT_EQ(row().used, 400u);
}

TEST_F(Settle, ARequestThatOutlivesItsRollingWindowGivesNothingBackOfOthers) {
  for (auto passed = 62s + 0ms; passed < 63s; passed += 100ms) {
    with({per_minute(1000, Unit::input_tokens)});
    Reservation r = reserve({600, 0, 0});
    clock.advance(passed);
    EXPECT_TRUE(spend({400, 0, 0}));
    ledger.settle(std::move(r), {true, 0, {}, {}}, now());
    EXPECT_EQ(row().used, 400u) << passed.count();
    clock.advance(5min);
  }
}

TEST_F(Settle, AReservationDroppedLongAfterIsNotTakenForAClockSetBack) {
  with({rule(4, Unit::requests, policy::Per::minute, 60s, policy::Reset::wall_clock)});
  Reservation r = reserve();
  clock.advance(10min);
  EXPECT_EQ(fill(), 4u);
  r = {};
  EXPECT_EQ(fill(), 0u);
  clock.advance(60s);
  EXPECT_EQ(fill(), 4u);
}

TEST_F(Settle, RulesBeyondTheMarksAreStillExactWhenReserving) {
  std::vector<policy::Rule> many;
  for (int i = 0; i < 40; ++i)
    many.push_back(rule(3, Unit::requests, policy::Per::rolling, std::chrono::seconds{60 + i}));
  with(std::move(many));
  EXPECT_EQ(fill(), 3u);
  clock.advance(2min);
  for (int i = 0; i < 3; ++i) ledger.settle(reserve(), {false, {}, {}, {}}, now());
  EXPECT_EQ(row(0).used, 0u);
  EXPECT_EQ(row(39).used, 3u) << "without a mark nothing is given back";
}

}  // namespace
}  // namespace freellmapi::quota::testing
