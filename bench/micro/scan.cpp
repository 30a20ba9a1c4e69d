// What reading a request costs: the scan alone, the whole decoder, and a copy of the bytes as the floor.
#include <benchmark/benchmark.h>

#include <string>

#include "chat/decode.hpp"
#include "chat/json_scan.hpp"

namespace freellmapi::bench {
namespace {

// A conversation of about that many bytes, with an escape every twenty characters, as code has. `sloppy` has
// one thing that must be lengthened.
std::string conversation(std::size_t about, bool sloppy) {
  std::string body = R"({"model":"auto","stream":true,"temperature":0.2,"messages":[)"
                     R"({"role":"system","content":"You are a careful engineer."})";
  if (sloppy) body += R"(,{"role":"user","content":["a bare string as a part"]})";
  while (body.size() < about) {
    body += R"(,{"role":"user","content":")";
    for (std::size_t begin = body.size(); body.size() < begin + std::min<std::size_t>(about / 2, 2'400);)
      body +=
          R"(  for (const auto& key : keys) log(\"key\", key.text());\n  // all of them, na\u00efve or not )";
    body += R"("},{"role":"assistant","content":"Done."})";
  }
  return body + "]}";
}

void BM_Copy(benchmark::State& state) {
  const std::string body = conversation(static_cast<std::size_t>(state.range(0)), false);
  for (auto _ : state) benchmark::DoNotOptimize(std::string(body).data());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void BM_Scan(benchmark::State& state) {
  std::string body = conversation(static_cast<std::size_t>(state.range(0)), false);
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
