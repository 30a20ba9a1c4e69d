// What reading a request costs: the scan alone, the whole decoder, and a copy of the bytes as the floor.
#include <benchmark/benchmark.h>

#include <string>

#include "chat/decode.hpp"
#include "chat/json_scan.hpp"
#include "inputs.hpp"

namespace freellmapi::bench {
namespace {

void BM_Copy(benchmark::State& state) {
  const std::string body = conversation(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(std::string(body).data());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void BM_Scan(benchmark::State& state) {
  std::string body = conversation(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(chat::check_json(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void decode(benchmark::State& state, bool sloppy) {
  std::string body = conversation(static_cast<std::size_t>(state.range(0)), sloppy);
  for (auto _ : state) {
    auto request = chat::decode(body);
    if (!request || (request->storage != nullptr) != sloppy)
      state.SkipWithError("not the body that was meant");
    benchmark::DoNotOptimize(request);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
void BM_DecodeStrict(benchmark::State& state) { decode(state, false); }
void BM_DecodeSloppy(benchmark::State& state) { decode(state, true); }

#define SIZES Arg(700)->Arg(100'000)->Arg(1 << 20)->Unit(benchmark::kMicrosecond)
BENCHMARK(BM_Copy)->SIZES;
BENCHMARK(BM_Scan)->SIZES;
BENCHMARK(BM_DecodeStrict)->SIZES;
BENCHMARK(BM_DecodeSloppy)->SIZES;

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
