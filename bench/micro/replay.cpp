// What a start pays for the counters that the last run left: the ledger's bytes are read, judged and bound.
#include <benchmark/benchmark.h>

#include <memory>

#include "crowd.hpp"
#include "quota/bytes.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::bench {
namespace {

constexpr quota::Now then{base::Instant{std::chrono::hours{1}},
                          base::WallTime{std::chrono::hours{24 * 365 * 56}}};
constexpr quota::Now now{base::Instant{std::chrono::hours{2}},
                         base::WallTime{std::chrono::hours{24 * 365 * 56 + 1}}};
constexpr quota::BootId boot{1, 2};

/// Every pair of key and model has spent something.
std::unique_ptr<quota::HeapBytes> used_ledger(const std::shared_ptr<const policy::Policy>& policy) {
  auto bytes = std::make_unique<quota::HeapBytes>();
  const auto ledger = std::move(quota::Ledger::open(*bytes, boot, then).value());
  const auto plan = ledger->bind(policy).value();
  for (policy::ModelIndex m = 0; m < policy->models.size(); ++m) {
    for (const policy::KeyIndex key : policy->providers[policy->models[m].provider].keys) {
      quota::Reservation reservation;
      ledger->reserve(plan, key, m, {1'000, 500, 0}, then, reservation);
      ledger->settle(std::move(reservation), {true, 900, 300, {}}, then);
    }
  }
  ledger->read_clocks(then);
  return bytes;
}

void open_and_bind(benchmark::State& state) {
  const auto policy = crowd(1'000'000);
  const auto bytes = used_ledger(policy);
  std::size_t rows = 0;
  for (auto _ : state) {
    auto ledger = quota::Ledger::open(*bytes, boot, now);
    if (!ledger) {
      state.SkipWithError("the ledger does not open");
      return;
    }
    const auto plan = (*ledger)->bind(policy);
    if (!plan) {
      state.SkipWithError("the policy does not bind");
      return;
    }
    state.PauseTiming();
    rows = (*ledger)->rows(**plan, now).size();
    state.ResumeTiming();
  }
  state.counters["windows"] = static_cast<double>(rows);
  state.counters["KiB"] =
      static_cast<double>(bytes->blocks() * quota::block_size + quota::head_size) / 1024.0;
}
BENCHMARK(open_and_bind)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
