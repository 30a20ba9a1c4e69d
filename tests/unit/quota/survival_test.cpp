// The ledger outlives its process.
#include <cstring>
#include <limits>

#include "disk.hpp"

namespace freellmapi::quota::testing {
namespace {

using policy::Reset;
using policy::Unit;
using Killed = Mortal;
using Opened = Mortal;

TEST_F(Killed, KeepsTheCountsOfEveryKindOfWindow) {
  for (const Reset reset : {Reset::rolling, Reset::wall_clock, Reset::token_bucket, Reset::first_use}) {
    with({hourly(reset)});
    for (int i = 0; i < 7; ++i) ledger->settle(reserve(), {}, now());
    kill();
    EXPECT_EQ(fill(), 3u) << static_cast<int>(reset);
    clock.advance(2h);
    kill();
    EXPECT_EQ(fill(), 10u) << static_cast<int>(reset) << ": and what has passed is free";
  }
}

TEST_F(Killed, WhatWasInFlightIsSpentUntilItsWindowResets) {
  with({per_minute(1000, Unit::tokens), per_minute(5)});
  const Reservation in_flight = reserve({100, 500, 0});
  kill();
  EXPECT_EQ(row(0).used, 600u);
  EXPECT_EQ(row(0).reserved, 0u);
  EXPECT_EQ(row(1).used, 1u);
  kill();
  EXPECT_EQ(row(0).used, 600u) << "once";
  clock.advance(62s);
  EXPECT_EQ(row(0).used, 0u);
}

TEST_F(Killed, WhatWasInFlightYesterdayIsNotTakenFromToday) {
  with({per_day(1000, Unit::tokens)});
  clock.advance(12h);
  const Reservation in_flight = reserve({100, 500, 0});
  ledger->read_clocks(now());
  clock.advance(20h);
  kill();
  EXPECT_EQ(row().used, 0u);
}

TEST_F(Killed, SlotsOfConcurrencyAreFreeAgain) {
  with({at_once(2)});
  const Reservation a = reserve(), b = reserve();
  EXPECT_FALSE(reserve());
  kill();
  EXPECT_TRUE(reserve());
}

TEST_F(Killed, CooldownsStandWithTheirReason) {
  with({});
  ledger->bench(*plan, BenchScope::key_model, 0, 0, clock.wall() + 60s, "rate_limited", now());
  ledger->bench(*plan, BenchScope::provider, 0, 0, clock.wall() + 90s, "overloaded", now());
  clock.advance(10s);
  kill();
  EXPECT_FALSE(reserve());
  EXPECT_EQ(last.state, State::benched);
  EXPECT_EQ(last.reason, "overloaded");
  EXPECT_EQ(last.free_at, clock.wall() + 80s);
  clock.advance(80s);
  EXPECT_TRUE(reserve());
}

TEST_F(Killed, ACooldownThatASuccessEndedDoesNotComeBack) {
  with({});
  ledger->bench(*plan, BenchScope::key, 0, 0, clock.wall() + 60s, "rate_limited", now());
  clock.advance(1s);
  clock.jump_wall(1h);
  const Reservation sent = reserve();
  clock.jump_wall(-1h);
  EXPECT_FALSE(reserve());
  ledger->recovered(sent);
  kill();
  EXPECT_TRUE(reserve());
}

TEST_F(Killed, AStatedLimitIsRemembered) {
  with({per_day(100)});
  ledger->state(*plan, 0, 0, {Unit::requests, policy::Per::day, 20, {}, {}}, now());
  kill();
  EXPECT_EQ(row().limit, 20u);
}

TEST_F(Killed, InAnotherBootTheWallClockTellsHowMuchTimeHasPassed) {
  with({per_minute(10)});
  EXPECT_EQ(fill(), 10u);
  ledger->read_clocks(now());
  clock.advance(40s);
  boot_at = clock.since_boot().time_since_epoch();
  kill({3, 4});
  EXPECT_EQ(fill(), 0u);
  clock.advance(22s);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Killed, InAnotherBootAClockThatWentBackFreesNothingAndStopsNothing) {
  with({per_minute(10)});
  EXPECT_EQ(fill(), 10u);
  ledger->read_clocks(now());
  clock.jump_wall(-24h * 365);
  boot_at = clock.since_boot().time_since_epoch();
  kill({3, 4});
  EXPECT_EQ(fill(), 0u);
  clock.advance(62s);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Killed, TheTimeInWhichTheMachineSleptCounts) {
  with({per_minute(10)});
  EXPECT_EQ(fill(), 10u);
  clock.sleep(62s);
  EXPECT_EQ(fill(), 10u);
}

TEST_F(Killed, WhileItBindsItLeavesNothingHalf) {
  with({per_minute(10)});
  EXPECT_EQ(fill(), 10u);
  auto before = copy_of(*bytes);
  with({per_minute(10), per_day(7)});
  // The new window's slot is there, the head does not know it yet.
  std::ranges::copy(before->head(), bytes->head().begin());
  kill();
  EXPECT_EQ(row(0).used, 10u);
  EXPECT_EQ(row(1).used, 0u);
}

TEST_F(Opened, TheSecondReadingIsUsedWhenTheFirstIsTorn) {
  with({per_minute(10)});
  EXPECT_EQ(fill(), 10u);
  ledger->read_clocks(now());
  reinterpret_cast<Head*>(bytes->head().data())->readings[0].at += 77h;
  kill();
  EXPECT_EQ(fill(), 0u);
}

class Refused : public Mortal {
 protected:
  /// What opening these bytes says.
  std::string refusal() {
    const auto before = copy_of(*bytes);
    const auto opened = Ledger::open(*bytes, first_boot, now());
    if (opened) return "";
    EXPECT_TRUE(std::ranges::equal(bytes->head(), before->head())) << "a refused ledger is left as it is";
    return opened.error().message;
  }
  Head& head() { return *reinterpret_cast<Head*>(bytes->head().data()); }
  SlotHead& slot(std::size_t offset) { return *reinterpret_cast<SlotHead*>(bytes->block(0).data() + offset); }
};

TEST_F(Refused, WhatIsNotALedger) {
  std::ranges::fill(bytes->head(), std::byte{'x'});
  EXPECT_EQ(refusal(), "it is not a ledger");
  std::ranges::fill(bytes->head(), std::byte{});
  (void)bytes->add_block();
  EXPECT_EQ(refusal(), "it is not a ledger") << "zeros with something behind them are not a new one";
}

TEST_F(Refused, AnotherLayout) {
  head().version = 99;
  EXPECT_EQ(refusal(), "it has layout 99, this program writes layout 1");
}

TEST_F(Refused, AHeadWhoseChecksumIsWrong) {
  head().window_bytes ^= 1u;
  EXPECT_EQ(refusal(), "the checksum of its head is wrong");
}

TEST_F(Refused, AFileThatWasCutOff) {
  with({per_minute(10)});
  auto shorter = std::make_unique<HeapBytes>();
  std::ranges::copy(bytes->head(), shorter->head().begin());
  bytes.swap(shorter);
  EXPECT_EQ(refusal(), "it is shorter than it says");
}

TEST_F(Refused, ASlotWhoseChecksumIsWrongOrThatIsGone) {
  with({per_minute(10)});
  slot(0).low ^= 1u;
  EXPECT_EQ(refusal(), "it is damaged at byte 4096");
  slot(0).low ^= 1u;
  EXPECT_EQ(refusal(), "");
  std::ranges::fill(bytes->block(0).subspan(64, 64), std::byte{});
  EXPECT_EQ(refusal(), "it is damaged at byte 4160");
}

TEST_F(Refused, CountsThatNoProgramWrites) {
  with({per_minute(10)});
  constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max();  // a loop up to it never ends
  for (const std::int64_t epoch : {std::int64_t{-5}, endless, std::int64_t{1} << 60}) {
    for (std::size_t at = 0; at < head().used; at += slot_size(slot(at).kind)) {
      if (slot(at).kind == SlotKind::rolling) reinterpret_cast<WindowSlot&>(slot(at)).state.epoch = epoch;
    }
    EXPECT_TRUE(refusal().starts_with("it is damaged")) << epoch;
  }
}

TEST_F(Refused, ALedgerThatDoesNotSayWhenItWasWritten) {
  for (Reading& reading : head().readings) reading.check ^= 1u;
  EXPECT_EQ(refusal(), "it does not say when it was written");
}

class Full : public Mortal {
 protected:
  void SetUp() override { open(std::make_unique<HeapBytes>(1)); }
  /// More windows than a block holds: another policy with each `salt`.
  static std::shared_ptr<const policy::Policy> many(unsigned models, std::uint64_t salt) {
    PolicyText text;
    text.provider("p" + std::to_string(salt)).key(salt);
    for (unsigned m = 0; m < models; ++m) text.model("m" + std::to_string(m), {per_minute(5)});
    return text.made();
  }
};

TEST_F(Full, APolicyThatDoesNotFitIsRefusedAndTheOldOneStays) {
  bind(many(50, 1));
  EXPECT_EQ(fill(), 5u);
  const auto refused = ledger->bind(many(500, 2));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::Errc::limit);
  clock.advance(62s);
  EXPECT_EQ(fill(), 5u);
}

TEST_F(Full, SlotsThatNoPolicyUsesAreReused) {
  for (std::uint64_t salt = 1; salt <= 30; ++salt) {
    bind(many(80, salt));
    EXPECT_EQ(fill(), 5u) << salt;
    if (salt % 7 == 0) open(copy_of(*bytes, 1));
  }
}

TEST_F(Full, SlotsThatAPolicyUsesAreNot) {
  bind(many(80, 1));
  EXPECT_EQ(fill(), 5u);
  const auto held = plan;
  for (std::uint64_t salt = 2; salt <= 9; ++salt) ASSERT_TRUE(ledger->bind(many(80, salt)).has_value());
  EXPECT_EQ(fill(), 0u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
