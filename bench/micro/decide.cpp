// What deciding costs: every candidate looked at, with and without taking the first that is free.
#include "routing/decide.hpp"

#include <benchmark/benchmark.h>

#include <string>

#include "crowd.hpp"

namespace freellmapi::bench {
namespace {

constexpr std::uint64_t roomy = 1'000'000'000;  // never full during a run

/// Shared by a benchmark's threads; made by the first that asks.
struct Crowd {
  explicit Crowd(std::uint64_t limit) : plan(ledger.bind(crowd(limit)).value()) {}
  quota::Now now() const { return {clock.since_boot(), clock.wall()}; }

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
  for (auto _ : state) benchmark::DoNotOptimize(routing::resolve(crowd.plan->policy(), "model-119"));
}
BENCHMARK(resolve_name);

/// The whole way through the ledger. Threads > 1 share everything: range 0 spreads them over families, 1 does
/// not.
void decide_reserve_settle(benchmark::State& state) {
  Crowd& crowd = roomy_crowd();
  const bool hot = state.range(0) != 0;
  const std::string name = "model-" + std::to_string(hot ? 0 : state.thread_index() * 5);
  const routing::Target target = *routing::resolve(crowd.plan->policy(), name);
  routing::Decision decision;
  std::uint64_t seed = static_cast<std::uint64_t>(state.thread_index()) << 32;
  for (auto _ : state) {
    const quota::Now now = crowd.now();
    const routing::Features features = usual(++seed);
    routing::decide({crowd.plan.get(), &crowd.ledger, &target, features, now, seed, {}}, decision);
    const routing::Candidate& best = decision.considered[decision.order.front()].candidate;
    const policy::Model& model = crowd.plan->policy().models[best.model];
    const quota::Need need =
        routing::need_of(features, model, crowd.plan->policy().providers[model.provider]);
    quota::Reservation reservation;
    crowd.ledger.reserve(crowd.plan, best.key, best.model, need, now, reservation);
    if (!reservation) state.SkipWithError("no room in a window that cannot be full");
    crowd.ledger.settle(std::move(reservation), {true, 900, 300, {}}, now);
  }
}
BENCHMARK(decide_reserve_settle)->ArgName("hot")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
