// What counting costs a request, and what a scrape costs whoever serves it.
#include "surfaces/ops/metrics.hpp"

#include <benchmark/benchmark.h>

#include "crowd.hpp"

namespace freellmapi::bench {
namespace {

using std::chrono::microseconds;
constexpr quota::Now now{base::Instant{std::chrono::hours{1}},
                         base::WallTime{std::chrono::hours{24 * 365 * 56}}};

struct Stage {
  std::shared_ptr<const policy::Policy> policy = crowd(1'000'000);
  quota::Ledger ledger;
  std::shared_ptr<const quota::Plan> plan = ledger.bind(policy).value();
  relay::Meter meter{2};
  relay::CountedAs counted_as = meter.learn(*policy);
  std::uint32_t surface = meter.learn_surface("openai.chat");
};
Stage& stage() {
  static Stage made;
  return made;
}

/// All that is counted of a request that is answered at the first attempt.
void count_a_request(benchmark::State& state) {
  Stage& s = stage();
  relay::Record record;
  const std::uint32_t model = s.counted_as.models[200];
  const std::uint32_t provider = s.counted_as.providers[s.policy->models[200].provider];
  record.surface = "openai.chat";
  record.surface_number = s.surface;
  record.status = 200;
  record.provider = s.policy->providers[s.policy->models[200].provider].id;
  record.provider_number = provider;
  record.model = s.policy->models[200].id;
  record.first_token = microseconds{230'000};
  record.decided = microseconds{70};
  const auto core = static_cast<unsigned>(state.thread_index());
  for (auto _ : state) {
    s.meter.attempt(core, provider, relay::attempt_answered);
    s.meter.tokens(core, model, 160, 58);
    s.meter.request(core, record, microseconds{412'000});
  }
}
BENCHMARK(count_a_request)->Threads(1)->Threads(2)->UseRealTime();

void scrape(benchmark::State& state) {
  Stage& s = stage();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string page = surfaces::metrics_text(s.meter.sum(), *s.plan, s.ledger, now, {});
    bytes = page.size();
    benchmark::DoNotOptimize(page.data());
  }
  state.counters["KiB"] = static_cast<double>(bytes) / 1024.0;
}
BENCHMARK(scrape)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
