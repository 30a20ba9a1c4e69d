// What a prompt costs on its way out: the body is decoded, the plugin writes its request, and all that need
// not change is sent from where it lies. `copied` is the share of the bytes that were written anew.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "base/log.hpp"
#include "chat/decode.hpp"
#include "host/plugins.hpp"
#include "inputs.hpp"
#include "relay/call.hpp"

namespace freellmapi::bench {
namespace {

std::shared_ptr<const host::Provider> custom() {
  static const base::SystemClock clock;
  static const base::Log log(clock, base::LogFormat::text, base::Level::error);
  static host::PluginLoader loader(log);
  static const auto loaded = loader.load(BENCH_CUSTOM_PLUGIN);
  return loaded ? loaded->front() : nullptr;
}

void decode_and_build(benchmark::State& state) {
  std::string body = conversation(static_cast<std::size_t>(state.range(0)));
  const auto provider = custom();
  policy::Model model;
  model.id = "bench";
  std::size_t sent = 0, copied = 0;
  for (auto _ : state) {
    const auto request = chat::decode(body);
    if (!request || !provider) {
      state.SkipWithError("no request or no plugin");
      return;
    }
    const relay::PluginCall call(*request, model, model.id, 0, 7);
    const auto built = provider->build_request(call.get());
    if (!built) {
      state.SkipWithError("the plugin failed");
      return;
    }
    sent = copied = 0;
    for (const std::string_view piece : built->pieces()) {
      sent += piece.size();
      if (piece.data() < body.data() || piece.data() >= body.data() + body.size()) copied += piece.size();
    }
  }
  state.counters["copied"] = sent == 0 ? 0 : static_cast<double>(copied) / static_cast<double>(sent);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(decode_and_build)->Arg(700)->Arg(100'000)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
