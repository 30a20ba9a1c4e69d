#include "cli/plugins_check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "cli/files.hpp"
#include "cli/quiet.hpp"
#include "host/plugins.hpp"
#include "kit/calls.hpp"
#include "kit/report.hpp"
#include "kit/suite.hpp"
#include "policy/manifest.hpp"

namespace freellmapi::cli {

namespace fs = std::filesystem;

namespace {

/// What the router itself does with the file. Made in the child that runs the check, as all that touches it.
struct Loaded {
  base::SystemClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::error};
  host::PluginLoader loader{log};
  std::vector<std::shared_ptr<const host::Provider>> providers;

  explicit Loaded(const std::string& file) {
    auto loaded = loader.load(file);
    if (!loaded) throw std::runtime_error(loaded.error().text());
    providers = std::move(*loaded);
  }
};

void judge_manifests(const std::string& file, kit::Judge& judge) {
  for (const auto& provider : Loaded(file).providers) {
    std::vector<policy::Diagnostic> diagnostics;
    policy::read_manifest({provider->id(), provider->manifest(), "manifest.yaml"}, diagnostics);
    for (const policy::Diagnostic& diagnostic : diagnostics) judge.fail(diagnostic.text());
  }
}

void judge_requests(const std::string& file, kit::Subject& subject, kit::Judge& judge) {
  const Loaded loaded(file);
  for (std::size_t i = 0; i < loaded.providers.size(); ++i) {
    const host::Provider& provider = *loaded.providers[i];
    if (provider.is_local()) judge.skip("the provider answers by itself");
    const kit::ModelFacts model = subject.facts().at(i).chat_models().front();
    for (const kit::CanonicalCall& call : kit::canonical_calls()) {
      if (!kit::fits(call, model)) continue;
      const kit::ClientCall client = kit::client_call(call, model);
      const kit::HostCall host_call(client);
      const auto request = provider.build_request(*host_call.get());
      if (!request && (call.must_be_possible || request.error().code != base::Errc::invalid_argument))
        judge.fail(fmt::format("call '{}': {}", call.name, request.error().text()));
    }
  }
}

std::vector<kit::Check> host_checks(const std::string& file) {
  return {{"host", "loads", "the router loads it: owner, permissions, ELF, symbol, versions, tables",
           [file](kit::Subject&, kit::Judge&) { Loaded{file}; }},
          {"host", "manifest", "the router's reader finds no fault in its manifest",
           [file](kit::Subject&, kit::Judge& judge) { judge_manifests(file, judge); }},
          {"host", "requests", "the router takes what it writes for the canonical calls",
           [file](kit::Subject& subject, kit::Judge& judge) { judge_requests(file, subject, judge); }}};
}

std::string fixtures_of(const PluginsCheckOptions& options) {
  if (!options.fixtures.empty()) return options.fixtures;
  const fs::path file(options.file);
  const std::string name = file.stem().string();
  for (const fs::path& folder : {file.parent_path() / (name + "-fixtures"), file.parent_path() / "fixtures",
                                 fixtures_directory(name)}) {
    std::error_code ec;
    if (fs::is_directory(folder, ec)) return folder.string();
  }
  return {};
}

}  // namespace

int plugins_check(const PluginsCheckOptions& options) {
  std::error_code ec;
  if (!fs::is_regular_file(options.file, ec)) return refuse(options.file + " is no file");
  if (!options.fixtures.empty() && !fs::is_directory(options.fixtures, ec))
    return refuse(options.fixtures + " is no folder");
  kit::Options kit_options;
  kit_options.file = options.file;
  kit_options.fixtures = fixtures_of(options);
  kit_options.command = "freellmapi plugins check " + options.file;
  if (!options.fixtures.empty()) kit_options.command += " --fixtures " + options.fixtures;
  kit_options.group = options.group;
  kit_options.only = options.only;
  std::vector<kit::Check> checks = host_checks(options.file);
  for (kit::Check& check : kit::all_checks()) checks.push_back(std::move(check));
  const std::vector<kit::Result> results = kit::Runner(kit_options).run(checks);
  if (results.empty()) return refuse("no check is called so; --json lists them all");
  const bool colours = ::isatty(STDOUT_FILENO) == 1 && plain_environment("NO_COLOR").empty();
  fmt::print("{}", options.as_json ? kit::as_json(options.file, results)
                                   : kit::as_text(options.file, results, colours));
  return kit::count(results).failed == 0 ? 0 : 1;
}

}  // namespace freellmapi::cli
