#include "cli/serve.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "cli/ask.hpp"
#include "cli/carried.hpp"
#include "cli/facts.hpp"
#include "cli/files.hpp"
#include "cli/forecast_desk.hpp"
#include "cli/ledger_home.hpp"
#include "cli/log_writer.hpp"
#include "cli/past.hpp"
#include "cli/prober.hpp"
#include "cli/reloader.hpp"
#include "cli/remembered.hpp"
#include "cli/unified_key.hpp"
#include "cli/vault_door.hpp"
#include "net/server.hpp"
#include "relay/relay.hpp"
#include "surfaces/front/front.hpp"
#include "surfaces/openai/endpoints.hpp"
#include "surfaces/ops/inspection.hpp"
#include "surfaces/ops/metrics.hpp"
#include "surfaces/ops/ops.hpp"

namespace freellmapi::cli {

namespace {

/// It stands in a chain and needs no key.
bool answers_without_key(const policy::Policy& policy, const policy::Provider& provider) {
  if (!provider.enabled || !(provider.keyless || provider.answers_itself)) return false;
  const auto of_provider = [&](const policy::Step& step) {
    return &policy.providers[policy.models[step.model].provider] == &provider;
  };
  return std::any_of(policy.chains.begin(), policy.chains.end(), [&](const policy::Chain& chain) {
    return std::any_of(chain.steps.begin(), chain.steps.end(), of_provider);
  });
}

void announce(const World& world, const net::Server& server, const base::Secret& key) {
  const policy::Policy& policy = *world.policy;
  fmt::print("FreeLLMAPI {} listens on http://{}:{}/v1\n", surfaces::program_version(), policy.server.address,
             server.port());
  fmt::print("policy:  {} ({})\n", world.policy_file.string(), policy.version);
  std::string plugins;
  for (const auto& [id, provider] : world.plugins.providers) {
    plugins += fmt::format("{}{} {}", plugins.empty() ? "" : ", ", id, provider->plugin().version());
  }
  fmt::print("plugins: {}\n", plugins.empty() ? "none" : plugins);
  for (const host::Refusal& r : world.plugins.refused)
    fmt::print("         {} refused: {}\n", r.file, r.reason);
  std::string keys, keyless;
  for (const policy::Provider& provider : policy.providers) {
    if (!provider.keys.empty())
      keys += fmt::format("{}{} ({})", keys.empty() ? "" : ", ", provider.id, provider.keys.size());
    if (provider.keys.empty() && answers_without_key(policy, provider))
      keyless += fmt::format("{}{}", keyless.empty() ? "" : ", ", provider.id);
  }
  fmt::print("keys:    {}\n",
             keys.empty() ? "none; put a provider's key (<PROVIDER>_API_KEY) into the environment" : keys);
  if (!keyless.empty()) fmt::print("         used without a key: {}\n", keyless);
  fmt::print("unified key: freellmapi-...{}  (`freellmapi unified-key show` prints it)\n", key.last_four());
  std::fflush(stdout);
}

/// A router that can only refuse is a mistake in the environment; a reload that takes the last key away is
/// not an end.
bool anyone_can_answer(const policy::Policy& policy) {
  const auto can = [&policy](const policy::Step& step) {
    const policy::Provider& p = policy.providers[policy.models[step.model].provider];
    return p.enabled && (!p.keys.empty() || p.keyless || p.answers_itself);
  };
  return std::any_of(policy.chains.begin(), policy.chains.end(), [&can](const policy::Chain& chain) {
    return std::any_of(chain.steps.begin(), chain.steps.end(), can);
  });
}

/// The soft limit of descriptors is often below the connections that the server takes.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

}  // namespace

int serve(const ServeOptions& options) {
  keep_memory_private();
  raise_descriptor_limit();
  const base::SystemClock clock;
  base::Log log(clock, options.format, options.level);
  const LogWriter writer(log, STDERR_FILENO);
  const auto data = data_directory(options.places.data);
  if (!data) return refuse(data.error());
  const auto home = LedgerHome::open(*data, clock, log);
  if (!home) return refuse(home.error());
  quota::Ledger& ledger = (*home)->ledger();
  const auto vault = open_vault(*data, true);
  if (!vault) return refuse(vault.error());
  const auto key = unified_key(*data, **vault);
  if (!key) return refuse(key.error());
  const auto remembered = Remembered::open(database_file(*data), clock, log);
  if (!remembered) return refuse(remembered.error());

  host::PluginLoader loader(log);
  auto carried_key = conversation_key(**vault, clock);
  if (!carried_key) return refuse(carried_key.error());
  relay::Conversations conversations(names_key(*carried_key));
  relay::Current current;
  relay::Meter meter(std::thread::hardware_concurrency());
  surfaces::Status status;
  Reloader reloader(options.places, *data, *key, **vault, **remembered, loader, ledger, current, meter,
                    status, log, clock);
  const auto world = reloader.start();
  if (!world) return refuse(world.error());
  reloader.report(*world);

  const auto past = Past::open(database_file(*data), (*remembered)->requests(), current);
  if (!past) return refuse(past.error());
  relay::Relay relay(current, ledger, conversations, meter, clock, log);
  relay.watch_keys(remembered->get());
  Carried carried(database_file(*data), (*remembered)->requests(), std::move(*carried_key), conversations,
                  relay.calibration(), current, clock, log);
  reloader.on_policy([&past, &carried](std::shared_ptr<const policy::Policy> policy) {
    carried.apply(*policy);
    (*past)->remember(std::move(policy));
  });
  surfaces::openai::ChatEndpoint chat(relay);
  surfaces::openai::ModelsEndpoint models(relay, ledger, clock);
  net::Server* running = nullptr;
  const auto draining = [&running] { return running != nullptr && running->draining(); };
  surfaces::Livez livez;
  surfaces::Health ready(relay, ledger, clock, status, draining, false);
  surfaces::Health health(relay, ledger, clock, status, draining, true);
  surfaces::Version version;
  surfaces::Explain explain(relay, ledger, clock, **past);
  surfaces::Quota quota(relay, ledger, clock);
  ForecastDesk desk(current, ledger, clock, database_file(*data));
  surfaces::Forecast forecast(desk);
  const base::WallTime started = clock.wall();
  surfaces::Metrics metrics(relay, ledger, clock, [&] {
    surfaces::Facts facts;
    if (running != nullptr) facts.load = running->load();
    facts.rows_written = (*remembered)->rows_written();
    facts.rows_dropped = (*remembered)->rows_dropped();
    facts.plugins = plugin_facts(*current.get());
    facts.process = process_facts(started);
    facts.reload_failed = !status.reload_error().empty();
    return facts;
  });
  using surfaces::Access;
  // Labels name providers, models and keys: no secret, but nobody else's business.
  const Access scraping = is_loopback(world->policy->server.address) ? Access::open : Access::key;
  std::vector<surfaces::Route> routes{
      {"/v1/chat/completions", "POST", Access::key, "openai.chat", chat},
      {"/chat/completions", "POST", Access::key, "openai.chat", chat},
      {"/v1/models", "GET", Access::key, "openai.models", models},
      {"/models", "GET", Access::key, "openai.models", models},
      {"/v1/models/", "GET", Access::key, "openai.models", models},
      {"/v1/explain", "GET", Access::key, "", explain},
      {"/v1/explain/", "GET", Access::key, "", explain},
      {"/v1/quota", "GET", Access::key, "", quota},
      {"/v1/forecast", "GET", Access::key, "", forecast},
      {"/health", "GET", Access::open, "", health},
      {"/readyz", "GET", Access::open, "", ready},
      {"/livez", "GET", Access::open, "", livez},
      {"/version", "GET", Access::open, "", version},
      {"/metrics", "GET", scraping, "", metrics},
  };
  surfaces::FrontDoor door(surfaces::KeyGate(key->reveal()), std::move(routes), log, clock);
  door.keep_records(remembered->get());
  door.count_with(meter);
  reloader.on_unified_key(
      [&door](const base::Secret& fresh) { door.set_gate(surfaces::KeyGate(fresh.reveal())); });
  Prober prober(current, (*remembered)->health(), log);

  net::ServerOptions server_options;
  server_options.address = world->policy->server.address;
  server_options.port = world->policy->server.port;
  server_options.hosts = world->policy->server.hosts;
  net::Server server(std::move(server_options), door, clock, log);
  running = &server;
  server.set_background("probe", prober);
  if (const auto listening = server.listen(); !listening) return refuse(listening.error());
  if (!anyone_can_answer(*world->policy)) {
    return refuse(
        "no provider of the policy's chains has a key: set <PROVIDER>_API_KEY in the environment, or try "
        "`engine/serve --demo`, "
        "which needs none");
  }
  const auto serving = Serving::announce(*data, world->policy->server.address, server.port());
  if (!serving) return refuse(serving.error());
  announce(*world, server, *key);
  if (!is_loopback(world->policy->server.address)) {
    log.warn("listen.wide",
             {{"address", world->policy->server.address},
              {"message", "other machines can reach this router; the unified key is all that protects it"}});
  }
  server.run([&reloader] { reloader.reload(); },
             [&] {
               reloader.reload_if_changed();
               (*remembered)->tick();
             });
  return 0;
}

}  // namespace freellmapi::cli
