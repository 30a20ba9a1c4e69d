// What is reserved now and leaves later, because a connection has to be made first.
#include <algorithm>
#include <random>
#include <vector>

#include "disk.hpp"
#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using policy::Reset;
using policy::Unit;
using Departure = World;
using DepartureOnDisk = Mortal;

constexpr Reset kinds[] = {Reset::rolling, Reset::wall_clock, Reset::token_bucket, Reset::first_use};

TEST_F(Departure, StaysTakenWhateverResetsBeforeIt) {
  for (const Reset reset : kinds) {
    with({hourly(reset, 1)});
    Reservation r = reserve();
    ledger.hold(r, now());
    clock.advance(5h);
    EXPECT_EQ(fill(), 0u) << static_cast<int>(reset);
    EXPECT_EQ(row().reserved, 1u);
  }
}

TEST_F(Departure, IsCountedFromWhenItLeaves) {
  for (const Reset reset : kinds) {
    clock.advance(std::chrono::ceil<std::chrono::days>(clock.wall()) - clock.wall());
    with({hourly(reset, 1)});
    Reservation r = reserve();
    ledger.hold(r, now());
    clock.advance(45min);
    ledger.sent(r, now());
    ledger.settle(std::move(r), {}, now());
    // What was reserved at the full hour would be back at the next one.
    clock.advance(10min);
    EXPECT_EQ(fill(), 0u) << static_cast<int>(reset);
    clock.advance(reset == Reset::wall_clock ? 10min : 55min);
    EXPECT_EQ(fill(), 1u) << static_cast<int>(reset);
  }
}

TEST_F(Departure, GivesAllBackWhenItNeverLeaves) {
  for (const Reset reset : kinds) {
    with({hourly(reset), rule(1000, Unit::tokens, policy::Per::hour, 3600s, reset)});
    Reservation r = reserve({100, 200, 0});
    ledger.hold(r, now());
    clock.advance(1s);
    ledger.settle(std::move(r), {false, 0, 0, 0}, now());
    for (const std::size_t i : {0u, 1u}) {
      EXPECT_EQ(row(i).used, 0u) << static_cast<int>(reset);
      EXPECT_EQ(row(i).reserved, 0u) << static_cast<int>(reset);
    }
  }
}

TEST_F(Departure, MayBeToldTwiceAndHoldsOnce) {
  with({hourly(Reset::rolling)});
  Reservation r = reserve();
  ledger.hold(r, now());
  ledger.hold(r, now());
  EXPECT_EQ(row().reserved, 1u);
  ledger.sent(r, now());
  ledger.sent(r, now());
  EXPECT_EQ(row().reserved, 1u);
  ledger.settle(std::move(r), {}, now());
  EXPECT_EQ(row().used, 1u);
  EXPECT_EQ(row().reserved, 0u);
}

TEST_F(Departure, OverrunsNoTrueWindowHoweverLongItTakes) {
  struct Away {
    Reservation reservation;
    base::Instant leaves;
  };
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    Ledger fresh;
    const std::chrono::seconds length{1 + random() % 60};
    const std::uint64_t limit = 1 + random() % 20;
    plan = fresh
               .bind(PolicyText{}
                         .provider("p")
                         .key(seed)
                         .model("m", {rule(limit, Unit::requests, policy::Per::rolling, length)})
                         .made())
               .value();
    std::vector<Away> away;
    std::vector<base::Instant> arrived;
    for (int i = 0; i < 2000; ++i) {
      clock.advance(std::chrono::milliseconds{random() % (static_cast<unsigned>(length.count()) * 100)});
      for (Away& each : away) {
        if (each.leaves > clock.steady()) continue;
        fresh.sent(each.reservation, now());
        arrived.push_back(clock.steady());
        fresh.settle(std::move(each.reservation), {}, now());
      }
      std::erase_if(away, [](const Away& each) { return !each.reservation; });
      Reservation r;
      if (fresh.reserve(plan, 0, 0, {}, now(), r).state != State::free) continue;
      if (random() % 2 == 0) {
        arrived.push_back(clock.steady());
        fresh.settle(std::move(r), {}, now());
        continue;
      }
      fresh.hold(r, now());
      away.push_back({std::move(r), clock.steady() + std::chrono::milliseconds{random() % 90'000}});
    }
    for (std::size_t i = limit; i < arrived.size(); ++i) {
      ASSERT_GE(arrived[i] - arrived[i - limit], length) << "seed " << seed << ", arrival " << i;
    }
  }
}

TEST_F(DepartureOnDisk, IsSpentWhenTheProcessEndsBeforeIt) {
  for (const Reset reset : kinds) {
    with({hourly(reset)});
    Reservation r = reserve();
    ledger->hold(r, now());
    kill();
    EXPECT_EQ(row().used, 1u) << static_cast<int>(reset);
    EXPECT_EQ(row().reserved, 0u);
    clock.advance(24h);
  }
}

}  // namespace
}  // namespace freellmapi::quota::testing
