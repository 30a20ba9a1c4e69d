// The rolling window's two promises: never more than the limit in any true window, and nearly all of the
// limit used.
#include <algorithm>
#include <deque>
#include <random>

#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using Rolling = World;

/// The slow, obvious window that a provider keeps: a list of instants.
class TrueWindow {
 public:
  TrueWindow(std::uint64_t limit, std::chrono::nanoseconds length) : limit_(limit), length_(length) {}
  void arrived(base::Instant at, std::uint64_t amount) {
    const auto place = std::upper_bound(seen_.begin(), seen_.end(), at,
                                        [](base::Instant t, const auto& entry) { return t < entry.first; });
    seen_.insert(place, {at, amount});
  }
  /// The most that any window of this length held.
  std::uint64_t worst() const {
    std::uint64_t sum = 0, most = 0;
    std::size_t oldest = 0;
    for (const auto& [at, amount] : seen_) {
      sum += amount;
      while (at - seen_[oldest].first >= length_) sum -= seen_[oldest++].second;
      most = std::max(most, sum);
    }
    return most;
  }
  std::uint64_t limit() const { return limit_; }

 private:
  std::uint64_t limit_;
  std::chrono::nanoseconds length_;
  std::deque<std::pair<base::Instant, std::uint64_t>> seen_;
};

TEST_F(Rolling, NoTrueSlidingWindowIsOverrunUnderRandomDemand) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    Ledger fresh;
    const std::chrono::seconds length{1 + random() % 300};
    const std::uint64_t limit = 50 + random() % 5000;
    TrueWindow truth(limit, length);
    plan = fresh
               .bind(PolicyText{}
                         .provider("p")
                         .key(seed)
                         .model("m", {rule(limit, policy::Unit::input_tokens, policy::Per::rolling, length)})
                         .made())
               .value();
    for (int i = 0; i < 3000; ++i) {
      clock.advance(std::chrono::milliseconds{random() % (static_cast<unsigned>(length.count()) * 20)});
      const Need need{1 + random() % 100, 0, 0};
      Reservation r;
      if (fresh.reserve(plan, 0, 0, need, now(), r).state != State::free) continue;
      truth.arrived(clock.steady(), need.input_tokens);
      fresh.settle(std::move(r), {}, now());
    }
    EXPECT_LE(truth.worst(), limit) << "seed " << seed;
  }
}

TEST_F(Rolling, ARequestThatArrivesLaterThanItWasReservedOverrunsNothing) {
  // One part of a minute is 0.83 s: a delay of up to that is allowed for, wherever in a part it falls.
  for (auto offset = 0ms; offset < 900ms; offset += 7ms) {
    Ledger fresh;
    plan = fresh.bind(PolicyText{}.provider("p").key(1).model("m", {per_minute(30)}).made()).value();
    TrueWindow truth(30, 60s);
    clock.advance(offset);
    for (const auto delay : {830ms, 0ms}) {
      clock.advance(std::max(fresh.check(*plan, 0, 0, {}, now()).free_at - clock.wall(), 0ms));
      for (int i = 0; i < 40; ++i) {
        Reservation r;
        if (fresh.reserve(plan, 0, 0, {}, now(), r).state == State::free)
          truth.arrived(clock.steady() + delay, 1);
      }
    }
    EXPECT_EQ(truth.worst(), 30u) << offset.count();
  }
}

TEST_F(Rolling, AtLeast97PercentOfEveryWindowIsUsable) {
  for (const auto length : {1s, 60s, 3600s, 86'400s}) {
    Ledger fresh;
    plan = fresh
               .bind(PolicyText{}
                         .provider("p")
                         .key(1)
                         .model("m", {rule(30, policy::Unit::requests, policy::Per::rolling, length)})
                         .made())
               .value();
    const auto start = clock.steady();
    std::uint64_t served = 0;
    for (int i = 0; i < 500; ++i) {  // demand without end: whatever comes back is taken at once
      for (Reservation r; fresh.reserve(plan, 0, 0, {}, now(), r).state == State::free; ++served) {
        fresh.settle(std::move(r), {}, now());
      }
      clock.advance(fresh.check(*plan, 0, 0, {}, now()).free_at - clock.wall());
    }
    const double windows = std::chrono::duration<double>(clock.steady() - start) / length;
    EXPECT_GE(static_cast<double>(served), 0.97 * 30 * windows) << length.count() << " s";
  }
}

TEST_F(Rolling, TheWholeLimitMayGoAtOnce) {
  with({per_minute(30)});
  EXPECT_EQ(fill(), 30u);
  clock.advance(60s);
  EXPECT_EQ(fill(), 0u);
  clock.advance(2s);
  EXPECT_EQ(fill(), 30u);
}

TEST_F(Rolling, FreeAtIsTheFirstInstantThatHasRoom) {
  with({per_minute(10)});
  for (int i = 0; i < 10; ++i) {
    spend();
    clock.advance(3s);
  }
  const Verdict full = check();
  ASSERT_EQ(full.state, State::full);
  EXPECT_EQ(full.rule, &plan->policy().models[0].quota[0]);
  clock.advance(full.free_at - clock.wall() - 1ms);
  EXPECT_EQ(check().state, State::full);
  clock.advance(1ms);
  EXPECT_EQ(fill(), 1u);
}

TEST_F(Rolling, SettingTheWallClockChangesNothing) {
  with({per_minute(5)});
  EXPECT_EQ(fill(), 5u);
  clock.jump_wall(24h * 365);
  EXPECT_EQ(fill(), 0u);
  clock.jump_wall(-24h * 730);
  EXPECT_EQ(fill(), 0u);
  clock.advance(62s);
  EXPECT_EQ(fill(), 5u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
