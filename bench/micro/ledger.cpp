// What a reservation costs, and that two threads that ask for far more than there is get exactly what there
// is.
#include "quota/ledger.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "crowd.hpp"

namespace freellmapi::bench {
namespace {

constexpr quota::Need need{1000, 500, 0};

struct Crowd {
  explicit Crowd(std::uint64_t limit) : plan(ledger.bind(crowd(limit)).value()) {}
  quota::Now now() const {
    const base::Moment moment = clock.moment();
    return {moment.since_boot, moment.wall};
  }

  base::SystemClock clock;
  quota::Ledger ledger;
  std::shared_ptr<const quota::Plan> plan;
};

Crowd& roomy_crowd() {
  static Crowd crowd(1'000'000'000);
  return crowd;
}

/// A key of the model's provider.
policy::KeyIndex key_of(const policy::Policy& policy, policy::ModelIndex model, std::size_t n) {
  const auto& keys = policy.providers[policy.models[model].provider].keys;
  return keys[n % keys.size()];
}

void reserve_and_settle(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const auto model = static_cast<policy::ModelIndex>(state.range(0) != 0 ? 0 : state.thread_index());
  const policy::KeyIndex key = key_of(crowd.plan->policy(), model, 0);
  for (auto _ : state) {
    const quota::Now now = crowd.now();
    quota::Reservation reservation;
    crowd.ledger.reserve(crowd.plan, key, model, need, now, reservation);
    if (!reservation) state.SkipWithError("no room in a window that cannot be full");
    crowd.ledger.settle(std::move(reservation), {true, 900, 300, {}}, now);
  }
}
BENCHMARK(reserve_and_settle)->ArgName("hot")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->UseRealTime();

void check_alone(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const policy::KeyIndex key = key_of(crowd.plan->policy(), 0, 0);
  for (auto _ : state) benchmark::DoNotOptimize(crowd.ledger.check(*crowd.plan, key, 0, need, crowd.now()));
}
BENCHMARK(check_alone)->Threads(1)->Threads(2)->UseRealTime();

/// Small limits, demand without end, time standing still: the sum of what is granted must be the sum of the
/// limits.
void exhaust(benchmark::State& state) {
  constexpr std::uint64_t limit = 200;
  constexpr std::size_t asked_models = 8;
  static std::unique_ptr<Crowd> crowd;
  static std::atomic<std::uint64_t> granted;
  if (state.thread_index() == 0) {
    crowd = std::make_unique<Crowd>(limit);
    granted = 0;
  }
  std::uint64_t mine = 0, turn = 0;
  quota::Now now{};
  for (auto _ : state) {
    if (turn == 0)
      now = {base::Instant{std::chrono::hours{1}}, base::WallTime{std::chrono::hours{24 * 365 * 56}}};
    const auto model = static_cast<policy::ModelIndex>(turn % asked_models);
    const policy::KeyIndex key = key_of(crowd->plan->policy(), model, turn / asked_models);
    ++turn;
    quota::Reservation reservation;
    if (crowd->ledger.reserve(crowd->plan, key, model, need, now, reservation).state !=
        quota::Verdict::State::free) {
      continue;
    }
    ++mine;
    crowd->ledger.settle(std::move(reservation), {true, 900, 300, {}}, now);
  }
  granted += mine;
  if (state.thread_index() != 0) return;
  // Threads leave the loop together, but add their counts one after the other: the windows themselves are
  // read.
  std::uint64_t worst = 0, spent = 0;
  for (const quota::Row& row : crowd->ledger.rows(*crowd->plan, now)) {
    if (row.rule->of != policy::Unit::requests || row.rule->per != policy::Per::minute) continue;
    worst = std::max(worst, row.used + row.reserved);
    spent += row.used;
  }
  constexpr std::uint64_t sum = limit * asked_models * keys_each;
  if (worst > limit) state.SkipWithError("a window was overrun");
  if (static_cast<std::uint64_t>(state.iterations()) > 4 * sum && spent != sum) {
    state.SkipWithError("a limit was not used up");
  }
  state.counters["granted"] = static_cast<double>(spent);
  crowd.reset();
}
BENCHMARK(exhaust)->Threads(1)->Threads(2)->Iterations(400'000)->UseRealTime();

/// A reload: the whole plan is bound anew, the counts are found again.
void bind_again(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const auto policy = bench::crowd(1'000'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(crowd.ledger.bind(policy));
}
BENCHMARK(bind_again)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
