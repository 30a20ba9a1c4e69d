// The whole way of a request through routing and quota with the ledger where it lies when it serves: in a
// mapped file.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "cli/mapped_bytes.hpp"
#include "crowd.hpp"
#include "routing/decide.hpp"

namespace freellmapi::bench {
namespace {

constexpr std::uint64_t roomy = 1'000'000'000;  // never full during a run

std::unique_ptr<cli::MappedBytes> map(const std::filesystem::path& file) {
  auto opened = store::LedgerFile::open(file, {quota::head_size, quota::block_size, quota::most_blocks});
  return std::make_unique<cli::MappedBytes>(std::move(opened.value()));
}

struct World {
  World() {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-bench-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    bytes = map(folder / "ledger");
    ledger = quota::Ledger::open(*bytes, {1, 1}, now()).value();
    plan = ledger->bind(crowd(roomy)).value();
  }
  ~World() {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }
  quota::Now now() const {
    const base::Moment moment = clock.moment();
    return {moment.since_boot, moment.wall};
  }

  base::SystemClock clock;
  std::filesystem::path folder;
  std::unique_ptr<cli::MappedBytes> bytes;
  std::unique_ptr<quota::Ledger> ledger;
  std::shared_ptr<const quota::Plan> plan;
};

World& world() {
  static World one;
  return one;
}

/// `hot`: every thread asks for the same family.
void decide_reserve_settle_mapped(benchmark::State& state) {
  World& w = world();
  const std::string name = "model-" + std::to_string(state.range(0) != 0 ? 0 : state.thread_index() * 5);
  const routing::Target target = *routing::resolve(w.plan->policy(), name);
  routing::Decision decision;
  routing::Features features;
  features.input_tokens = features.output_tokens = 1000;
  std::uint64_t seed = static_cast<std::uint64_t>(state.thread_index()) << 32;
  for (auto _ : state) {
    routing::Inputs inputs;
    inputs.plan = w.plan.get();
    inputs.ledger = w.ledger.get();
    inputs.target = &target;
    inputs.features = features;
    inputs.now = w.now();
    inputs.seed = ++seed;
    inputs.enough = 1;  // as for a whole answer
    routing::decide(inputs, decision);
    const routing::Candidate& best = decision.considered[decision.order.front()].candidate;
    const policy::Model& model = w.plan->policy().models[best.model];
    const quota::Need need = routing::need_of(features, model, w.plan->policy().providers[model.provider]);
    quota::Reservation reservation;
    w.ledger->reserve(w.plan, best.key, best.model, need, inputs.now, reservation);
    if (!reservation) state.SkipWithError("no room in a window that cannot be full");
    w.ledger->settle(std::move(reservation), {true, 900, 300, {}}, inputs.now);
  }
  if (state.thread_index() != 0) return;
  state.counters["file_KiB"] = static_cast<double>(std::filesystem::file_size(w.folder / "ledger")) / 1024.0;
  state.counters["windows"] = static_cast<double>(w.ledger->rows(*w.plan, w.now()).size());
}
BENCHMARK(decide_reserve_settle_mapped)
    ->ArgName("hot")
    ->Arg(0)
    ->Arg(1)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

/// What the flusher does every five seconds, after a few thousand requests.
void flush(benchmark::State& state) {
  World& w = world();
  for (auto _ : state) {
    state.PauseTiming();
    for (std::size_t block = 0; block < w.bytes->blocks(); ++block) {
      for (std::size_t at = 0; at < quota::block_size; at += 4096) {
        volatile std::byte& stored = w.bytes->block(block)[at];
        stored = stored;
      }
    }
    state.ResumeTiming();
    if (!w.bytes->flush()) state.SkipWithError("the disk is full");
  }
}
BENCHMARK(flush)->Unit(benchmark::kMillisecond)->Iterations(50);

/// A start: the file of this policy is mapped, checked and bound.
void open_and_bind(benchmark::State& state) {
  World& w = world();
  const std::filesystem::path copy = w.folder / "copy";
  (void)w.bytes->flush();
  std::filesystem::copy_file(w.folder / "ledger", copy, std::filesystem::copy_options::overwrite_existing);
  const auto policy = crowd(roomy);
  for (auto _ : state) {
    const auto bytes = map(copy);
    const auto ledger = quota::Ledger::open(*bytes, {1, 1}, w.now()).value();
    benchmark::DoNotOptimize(ledger->bind(policy));
  }
}
BENCHMARK(open_and_bind)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
