#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/client_config.hpp"
#include "cli/files.hpp"
#include "cli/unified_key.hpp"
#include "policy/show.hpp"
#include "routing/decide.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::uint16_t default_port = 3001;
constexpr std::size_t client_file_most = 1024 * 1024;

int refuse(const std::string& sentence) {
  fmt::print(stderr, "freellmapi: {}\n", sentence);
  return 2;
}

void print_faults(const World& world) {
  for (const auto& d : world.diagnostics) fmt::print(stderr, "{}\n", d.text());
}

void print_faults_as_json(const World& world) {
  std::string faults;
  for (const auto& d : world.diagnostics) {
    faults += fmt::format(R"({}{{"file":{},"line":{},"column":{},"warning":{},"message":{}}})",
                          faults.empty() ? "" : ",", base::json_string(d.file), d.line, d.column, d.warning,
                          base::json_string(d.message));
  }
  fmt::print(R"({{"file":{},"ok":{},"version":{},"faults":[{}]}})"
             "\n",
             base::json_string(world.policy_file.string()), world.policy != nullptr,
             world.policy ? base::json_string(world.policy->version) : "null", faults);
}

/// Verbs log nothing of their own; plugins may, at warning and above.
struct Quiet {
  base::SystemClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::warn};
  host::PluginLoader loader{log};
};

/// The world with a policy in it, or the faults on standard error and nothing.
base::Result<World> usable_world(const Places& places, Quiet& quiet) {
  auto world = read_world(places, quiet.loader);
  if (world && !world->policy) {
    print_faults(*world);
    return base::Error{base::Errc::invalid_argument, world->policy_file.string() + " has errors"};
  }
  return world;
}

/// "" when the model can be used as things are configured.
std::string why_not(const policy::Policy& policy, const policy::Model& model) {
  const policy::Provider& provider = policy.providers[model.provider];
  if (!provider.enabled) return provider.why_off.empty() ? "provider is off" : provider.why_off;
  if (!model.enabled) return model.why_off.empty() ? "model is off" : model.why_off;
  if (provider.keys.empty() && !provider.keyless) return "no key";
  return {};
}

}  // namespace

int policy_check(const Places& places, bool as_json) {
  Quiet quiet;
  const auto world = read_world(places, quiet.loader);
  if (!world) return refuse(world.error().text());
  if (as_json) {
    print_faults_as_json(*world);
    return world->policy ? 0 : 2;
  }
  print_faults(*world);
  if (!world->policy) return 2;
  const policy::Policy& p = *world->policy;
  fmt::print("{}: OK, {} provider(s), {} model(s), default chain of {} step(s), version {}\n",
             world->policy_file.string(), p.providers.size(), p.models.size(), p.chains.front().steps.size(),
             p.version);
  return 0;
}

int policy_show(const Places& places) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error().text());
  fmt::print("{}", policy::show(*world->policy));
  return 0;
}

int policy_schema() {
  fmt::print("{}\n", policy::schema());
  return 0;
}

int plugins_list(const Places& places, bool as_json) {
  Quiet quiet;
  const host::PluginSet set = quiet.loader.scan(plugin_directories(places.plugins));
  if (as_json) {
    std::string loaded, refused;
    for (const auto& [id, p] : set.providers) {
      loaded += fmt::format("{}{{\"id\":{},\"file\":{},\"version\":{},\"abi\":\"{}.{}\"}}",
                            loaded.empty() ? "" : ",", base::json_string(id),
                            base::json_string(p->plugin().file()), base::json_string(p->plugin().version()),
                            p->plugin().abi_major(), p->plugin().abi_minor());
    }
    for (const host::Refusal& r : set.refused) {
      refused += fmt::format("{}{{\"file\":{},\"reason\":{}}}", refused.empty() ? "" : ",",
                             base::json_string(r.file), base::json_string(r.reason));
    }
    fmt::print("{{\"plugins\":[{}],\"refused\":[{}]}}\n", loaded, refused);
    return 0;
  }
  for (const auto& [id, p] : set.providers) {
    fmt::print("{:<16} {:<10} ABI {}.{}  {}\n", id, p->plugin().version(), p->plugin().abi_major(),
               p->plugin().abi_minor(), p->plugin().file());
  }
  for (const host::Refusal& r : set.refused) fmt::print("{:<16} refused: {}\n", r.file, r.reason);
  if (set.providers.empty()) {
    fmt::print("no plugin found; name their folder with --plugins\n");
    return 1;
  }
  return 0;
}

int models_list(const Places& places, bool as_json) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error().text());
  const policy::Policy& policy = *world->policy;
  std::string rows;
  for (const policy::Model& model : policy.models) {
    const std::string name = policy.providers[model.provider].id + "/" + model.id;
    const std::string reason = why_not(policy, model);
    if (as_json) {
      rows += fmt::format(
          "{}{{\"id\":{},\"context\":{},\"tools\":{},\"vision\":{},\"available\":{},\"unavailable_reason\":{}"
          "}}",
          rows.empty() ? "" : ",", base::json_string(name), model.context, model.tools, model.vision,
          reason.empty(), reason.empty() ? "null" : base::json_string(reason));
    } else {
      fmt::print("{:<56} {:>9}  {}{}  {}\n", name, model.context, model.tools ? "tools " : "      ",
                 model.vision ? "vision" : "      ", reason.empty() ? "ok" : reason);
    }
  }
  if (as_json) fmt::print("{{\"models\":[{}]}}\n", rows);
  return 0;
}

int unified_key_show(const Places& places) {
  const auto data = data_directory(places.data);
  if (!data) return refuse(data.error().text());
  const auto key = unified_key(*data);
  if (!key) return refuse(key.error().text());
  fmt::print("{}\n", key->reveal());
  return 0;
}

int client_config_write(const Places& places, const std::string& out) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error().text());
  const auto data = data_directory(places.data);
  if (!data) return refuse(data.error().text());
  const auto key = unified_key(*data);
  if (!key) return refuse(key.error().text());
  const std::string text = client_config(*world->policy, key->reveal());
  if (out.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  if (const auto written = write_private_file(out, text); !written) return refuse(written.error().text());
  fmt::print("wrote {}\n", out);
  return 0;
}

int client_config_check(const Places& places, const std::string& file) {
  const auto text = read_file(file, client_file_most);
  if (!text) {
    fmt::print(stderr, "BAD: {}\n", text.error().message);
    return 1;
  }
  // The configured port where there is a usable policy, the usual one elsewhere: a client file can be checked
  // on any machine.
  Quiet quiet;
  const auto world = read_world(places, quiet.loader);
  const std::uint16_t port = world && world->policy ? world->policy->server.port : default_port;
  const auto verdict = check_client_config(*text, port);
  if (!verdict) {
    fmt::print(stderr, "BAD: {}\n", verdict.error().message);
    return 1;
  }
  fmt::print("{}\n", *verdict);
  return 0;
}

}  // namespace freellmapi::cli
