// What a start or a reload pays for the policy: the shipped file with the manifests of all plugins.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "inputs.hpp"
#include "policy/compile.hpp"

namespace freellmapi::bench {
namespace {

policy::Input shipped() {
  policy::Input made;
  made.file = "policy.yaml";
  made.text = content_of(std::filesystem::path(BENCH_ROOT) / "config/policy.yaml");
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(BENCH_ROOT) / "plugins")) {
    const std::string yaml = content_of(entry.path() / "manifest.yaml");
    if (!yaml.empty()) made.manifests.push_back({entry.path().filename(), yaml, entry.path().filename()});
  }
  std::ranges::sort(made.manifests, {}, &policy::ManifestText::provider);
  // Everybody has a key.
  made.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name.ends_with("_KEY") || name.ends_with("_TOKEN")) return "a-key-for-" + name;
    return std::nullopt;
  };
  return made;
}

void compile_shipped(benchmark::State& state) {
  const policy::Input given = shipped();
  std::size_t models = 0;
  for (auto _ : state) {
    const policy::Outcome outcome = policy::compile(given);
    if (!outcome.policy) {
      state.SkipWithError("the shipped policy does not compile");
      return;
    }
    models = outcome.policy->models.size();
  }
  state.counters["models"] = static_cast<double>(models);
  state.counters["manifests"] = static_cast<double>(given.manifests.size());
}
BENCHMARK(compile_shipped)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
