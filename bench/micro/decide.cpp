// What deciding costs: every candidate looked at, or as many as a request needs, with the quota held and
// settled.
#include "routing/decide.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "crowd.hpp"
#include "routing/names.hpp"

namespace {
thread_local std::uint64_t taken_from_the_heap = 0;
}

// Not inline: GCC would take the two for strangers where it inlines one of them.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++taken_from_the_heap;
  if (void* const bytes = std::malloc(size)) return bytes;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* bytes) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::size_t) noexcept { std::free(bytes); }

namespace freellmapi::bench {
namespace {

constexpr std::uint64_t roomy = 1'000'000'000;  // never full during a run

/// Shared by a benchmark's threads; made by the first that asks.
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
  static Crowd crowd(roomy);
  return crowd;
}

routing::Features usual(std::uint64_t seed) {
  routing::Features features;
  features.input_tokens = 1000;
  features.output_tokens = 1000;
  features.session = seed;
  return features;
}

void decide_family(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const routing::Target target = *routing::resolve(crowd.plan->policy(), "model-7");
  routing::Decision decision;
  std::uint64_t seed = 0;
  for (auto _ : state) {
    routing::decide({crowd.plan.get(), &crowd.ledger, &target, usual(++seed), crowd.now(), seed, {}},
                    decision);
    benchmark::DoNotOptimize(decision.order.data());
  }
  state.counters["candidates"] = static_cast<double>(decision.considered.size());
}
BENCHMARK(decide_family)->Threads(1)->Threads(2)->UseRealTime();

/// The same candidates in the order of a score, all of them measured.
void decide_family_balanced(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  routing::Target target = *routing::resolve(crowd.plan->policy(), "model-7");
  target.strategy = policy::Strategy::balanced;
  routing::Statistics statistics(crowd.plan->policy());
  for (const policy::ModelIndex model : target.models) {
    const policy::Provider& at = crowd.plan->policy().providers[crowd.plan->policy().models[model].provider];
    for (int i = 0; i < 60; ++i)
      statistics.answered(model, at.keys[static_cast<std::size_t>(i) % at.keys.size()],
                          {true, std::chrono::milliseconds{300}, std::chrono::seconds{3}, 200},
                          crowd.now().steady);
  }
  routing::Decision decision;
  std::uint64_t seed = 0;
  for (auto _ : state) {
    routing::Inputs inputs{crowd.plan.get(), &crowd.ledger, &target, usual(++seed), crowd.now(), seed, {}};
    inputs.statistics = &statistics;
    routing::decide(inputs, decision);
    benchmark::DoNotOptimize(decision.order.data());
  }
  state.counters["candidates"] = static_cast<double>(decision.considered.size());
}
BENCHMARK(decide_family_balanced);

void resolve_name(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const routing::Names names(crowd.plan->policy());
  for (auto _ : state) benchmark::DoNotOptimize(names.find("model-119"));
}
BENCHMARK(resolve_name);

/// A name that the policy does not know as it is spelt.
void resolve_name_in_capitals(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  for (auto _ : state) benchmark::DoNotOptimize(routing::resolve(crowd.plan->policy(), "MODEL-119"));
}
BENCHMARK(resolve_name_in_capitals);

/// The whole way of a request that is not streamed: both clocks, decision, what it needs, reservation, and
/// (the clocks read once more, as the answer is another moment) settlement. Threads share everything.
/// `spread`: each request asks for another one of the 120 families, so that nothing stays in the first cache;
/// else all of them for one.
void decide_reserve_settle(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const policy::Policy& policy = crowd.plan->policy();
  std::vector<routing::Target> targets;
  for (std::size_t family = 0; family < (state.range(0) != 0 ? families : 1); ++family)
    targets.push_back(*routing::resolve(policy, "model-" + std::to_string(family)));
  routing::Decision decision;
  std::uint64_t seed = static_cast<std::uint64_t>(state.thread_index()) << 32;
  const auto serve = [&] {
    routing::Inputs inputs{crowd.plan.get(),
                           &crowd.ledger,
                           &targets[++seed * 7 % targets.size()],
                           usual(seed),
                           crowd.now(),
                           seed,
                           {}};
    inputs.enough = 1;
    routing::decide(inputs, decision);
    const routing::Candidate& best = decision.considered[decision.order.front()].candidate;
    const policy::Model& model = policy.models[best.model];
    const quota::Need need = routing::need_of(inputs.features, model, policy.providers[model.provider]);
    quota::Reservation reservation;
    crowd.ledger.reserve(crowd.plan, best.key, best.model, need, inputs.now, reservation);
    const bool held = static_cast<bool>(reservation);
    crowd.ledger.settle(std::move(reservation), {true, 900, 300, {}}, crowd.now());
    return held;
  };
  serve();
  const std::uint64_t before = taken_from_the_heap;
  for (auto _ : state) {
    if (!serve()) state.SkipWithError("no room in a window that cannot be full");
  }
  if (taken_from_the_heap != before) state.SkipWithError("something was taken from the heap");
  if (crowd.ledger.overshoot() != 0) state.SkipWithError("a window was overrun");
}
BENCHMARK(decide_reserve_settle)->ArgName("spread")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->UseRealTime();

/// What of it is reading clocks.
void read_clocks(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(roomy_crowd().now());
    benchmark::DoNotOptimize(roomy_crowd().now());
  }
}
BENCHMARK(read_clocks);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
