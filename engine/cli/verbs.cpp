#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/client_config.hpp"
#include "cli/files.hpp"
#include "cli/quiet.hpp"
#include "cli/unified_key.hpp"
#include "cli/vault_door.hpp"
#include "policy/show.hpp"
#include "sim/policy_tests.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::uint16_t default_port = 3001;
constexpr std::size_t client_file_most = 1024 * 1024;

void print_faults_as_json(const World& world, bool passed) {
  std::string faults;
  for (const auto& d : world.diagnostics) {
    faults += fmt::format(R"({}{{"file":{},"line":{},"column":{},"warning":{},"message":{}}})",
                          faults.empty() ? "" : ",", base::json_string(d.file), d.line, d.column, d.warning,
                          base::json_string(d.message));
  }
  fmt::print(R"({{"file":{},"ok":{},"version":{},"faults":[{}]}})"
             "\n",
             base::json_string(world.policy_file.string()), passed,
             world.policy ? base::json_string(world.policy->version) : "null", faults);
}

void print_key(const base::Secret& key, bool as_json) {
  if (as_json) {
    fmt::print("{{\"unified_key\":{}}}\n", base::json_string(key.reveal()));
  } else {
    fmt::print("{}\n", key.reveal());
  }
}

}  // namespace

int policy_check(const Places& places, bool as_json) {
  Quiet quiet;
  auto world = read_world(places, quiet.loader, true);
  if (!world) return refuse(world.error());
  bool passed = world->policy != nullptr;
  if (world->policy) {
    for (policy::Diagnostic& failing : sim::run_tests(*world->policy, quiet.clock.wall())) {
      world->diagnostics.push_back(std::move(failing));
      passed = false;
    }
  }
  if (as_json) {
    print_faults_as_json(*world, passed);
    return passed ? 0 : 2;
  }
  print_faults(*world);
  if (!passed) return 2;
  const policy::Policy& p = *world->policy;
  const std::string tests = p.tests.empty() ? "" : fmt::format("{} test(s), ", p.tests.size());
  fmt::print("{}: OK, {} provider(s), {} model(s), default chain of {} step(s), {}version {}\n",
             world->policy_file.string(), p.providers.size(), p.models.size(), p.chains.front().steps.size(),
             tests, p.version);
  return 0;
}

int policy_show(const Places& places) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error());
  fmt::print("{}", policy::show(*world->policy));
  return 0;
}

int policy_schema() {
  fmt::print("{}\n", policy::schema());
  return 0;
}

int unified_key_show(const Places& places, bool as_json) {
  keep_memory_private();
  const auto data = data_directory(places.data);
  if (!data) return refuse(data.error());
  const auto key = unified_key(*data);
  if (!key) return refuse(key.error());
  print_key(*key, as_json);
  return 0;
}

int unified_key_rotate(const Places& places, bool as_json) {
  keep_memory_private();
  const auto data = data_directory(places.data);
  if (!data) return refuse(data.error());
  const auto key = rotate_unified_key(*data);
  if (!key) return refuse(key.error());
  print_key(*key, as_json);
  fmt::print(stderr, "A router that runs takes it within seconds; the old key no longer works then.\n");
  return 0;
}

int client_config_write(const Places& places, const std::string& out) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error());
  const auto data = data_directory(places.data);
  if (!data) return refuse(data.error());
  const auto key = unified_key(*data);
  if (!key) return refuse(key.error());
  const std::string text = client_config(*world->policy, key->reveal());
  if (out.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  if (const auto written = write_private_file(out, text); !written) return refuse(written.error());
  fmt::print("wrote {}\n", out);
  return 0;
}

int client_config_check(const Places& places, const std::string& file) {
  const auto text = read_file(file, client_file_most);
  if (!text) {
    fmt::print(stderr, "BAD: {}\n", harmless_lines(text.error().message));
    return 1;
  }
  // The configured port where there is a usable policy, the usual one elsewhere: a client file can be checked
  // on any machine.
  Quiet quiet;
  const auto world = read_world(places, quiet.loader);
  const std::uint16_t port = world && world->policy ? world->policy->server.port : default_port;
  const auto verdict = check_client_config(*text, port);
  if (!verdict) {
    fmt::print(stderr, "BAD: {}\n", harmless_lines(verdict.error().message));
    return 1;
  }
  fmt::print("{}\n", *verdict);
  return 0;
}

}  // namespace freellmapi::cli
