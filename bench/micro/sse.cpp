// What cutting events out of a provider's stream costs, by how the bytes come; items are events.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <freellmapi/sse.hpp>
#include <string>

#include "inputs.hpp"

namespace freellmapi::bench {
namespace {

void split(benchmark::State& state) {
  const std::string stream = input("stream.sse");
  const auto piece = static_cast<std::size_t>(state.range(0));
  std::int64_t events = 0;
  for (auto _ : state) {
    sdk::SseSplitter splitter;
    const auto take = [&events](const sdk::SseEvent& event) {
      benchmark::DoNotOptimize(event.data.data());
      ++events;
      return true;
    };
    bool good = !stream.empty();
    for (std::size_t at = 0; at < stream.size() && good; at += piece)
      good = splitter.feed(std::string_view(stream).substr(at, piece), take);
    if (!good || !splitter.finish(take)) {
      state.SkipWithError("not the stream that was meant");
      return;
    }
  }
  state.SetItemsProcessed(events);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}
// A segment, a TLS record's worth, all at once, and the worst there is.
BENCHMARK(split)->ArgName("piece")->Arg(1)->Arg(1'448)->Arg(16'384)->Arg(1 << 20);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
