// Exact under threads: not one more than the limit, not one less.
#include <atomic>
#include <thread>

#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using Threads = World;
using policy::Scope;
using policy::Unit;

template <class Work>
void in_parallel(unsigned threads, const Work& work) {
  std::atomic<bool> go{false};
  std::vector<std::thread> running;
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      while (!go.load()) std::this_thread::yield();
      work(t);
    });
  }
  go = true;
  for (auto& thread : running) thread.join();
}

TEST_F(Threads, GrantExactlyTheLimit) {
  with({per_minute(5000), per_day(3000), per_minute(1'000'000, Unit::tokens)});
  std::atomic<unsigned> granted{0};
  in_parallel(4, [&](unsigned) {
    for (int i = 0; i < 3000; ++i) {
      Reservation r;
      if (ledger.reserve(plan, 0, 0, {10, 20, 0}, now(), r).state != State::free) continue;
      ++granted;
      ledger.settle(std::move(r), {true, 5, 5, {}}, now());
    }
  });
  EXPECT_EQ(granted.load(), 3000u);
  EXPECT_EQ(ledger.overshoot(), 0u);
  EXPECT_EQ(row(2).used, 30'000u);
  EXPECT_EQ(row(2).reserved, 0u);
}

TEST_F(Threads, NeverHoldMoreSlotsThanThereAre) {
  use(PolicyText{}
          .provider("p", {in(Scope::account, at_once(3))})
          .key(1)
          .key(2)
          .model("a", {in(Scope::model, at_once(2))})
          .model("b", {pooled("x", at_once(2))}));
  std::atomic<int> inside{0}, worst{0}, served{0};
  in_parallel(4, [&](unsigned t) {
    for (int i = 0; i < 4000; ++i) {
      Reservation r;
      if (ledger.reserve(plan, (t + static_cast<unsigned>(i)) % 2, t % 2, {}, now(), r).state != State::free)
        continue;
      const int here = ++inside;
      for (int seen = worst.load(); here > seen && !worst.compare_exchange_weak(seen, here);) {
      }
      ++served;
      --inside;
      ledger.settle(std::move(r), {}, now());
    }
  });
  EXPECT_LE(worst.load(), 3);
  EXPECT_EQ(ledger.overshoot(), 0u);
  EXPECT_GT(served.load(), 0);
  for (const Row& r : ledger.rows(*plan, now())) EXPECT_EQ(r.reserved, 0u);
}

TEST_F(Threads, MayReloadBenchStateAndLookWhileOthersReserve) {
  const auto text = PolicyText{}
                        .provider("p", {in(Scope::account, per_day(2000))})
                        .key(1)
                        .key(2)
                        .model("a", {per_minute(900)})
                        .model("b", {per_minute(900)});
  use(text);
  std::atomic<unsigned> granted{0};
  in_parallel(4, [&](unsigned t) {
    std::shared_ptr<const Plan> mine = plan;
    for (unsigned i = 0; i < 1500; ++i) {
      if (t == 0 && i % 50 == 0) {
        mine = ledger.bind(text.made()).value();
        ledger.bench(*mine, BenchScope::model, 0, 1, clock.wall() + 1s, "test", now());
        ledger.state(*mine, 1, 0, {Unit::requests, policy::Per::minute, 900, {}, {}}, now());
        EXPECT_EQ(ledger.rows(*mine, now()).size(), 5u);
      }
      Reservation r;
      if (ledger.reserve(mine, i % 2, (i / 2) % 2, {}, now(), r).state != State::free) continue;
      ++granted;
      ledger.recovered(r);
      ledger.settle(std::move(r), {}, now());
    }
  });
  EXPECT_LE(granted.load(), 2000u);
  EXPECT_GT(granted.load(), 1500u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
