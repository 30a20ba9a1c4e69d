#include "cli/serve.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "cli/ask.hpp"
#include "cli/carried.hpp"
#include "cli/facts.hpp"
#include "cli/files.hpp"
#include "cli/forecast_desk.hpp"
#include "cli/ledger_home.hpp"
#include "cli/log_writer.hpp"
#include "cli/past.hpp"
#include "cli/prober.hpp"
#include "cli/remembered.hpp"
#include "cli/unified_key.hpp"
#include "cli/vault_door.hpp"
#include "net/server.hpp"
#include "relay/relay.hpp"
#include "sim/policy_tests.hpp"
#include "surfaces/front/front.hpp"
#include "surfaces/openai/endpoints.hpp"
#include "surfaces/ops/inspection.hpp"
#include "surfaces/ops/metrics.hpp"
#include "surfaces/ops/ops.hpp"

namespace freellmapi::cli {

namespace {

/// What changes when a file is edited or replaced.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec modified{};

  static FileMark of(const std::filesystem::path& file) {
    struct stat s {};
    if (::stat(file.c_str(), &s) != 0) return {};
    return {s.st_dev, s.st_ino, s.st_size, s.st_mtim};
  }
  bool operator==(const FileMark& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
  }
};

/// Reads the world again and swaps the snapshot, or leaves everything as it is.
class Reloader {
 public:
  Reloader(Places places, std::filesystem::path data, base::Secret unified_key, store::Vault& vault,
           Remembered& remembered, host::PluginLoader& loader, quota::Ledger& ledger, relay::Current& current,
           surfaces::Status& status, base::Log& log, const base::Clock& clock)
      : places_(std::move(places)),
        data_(std::move(data)),
        unified_key_(std::move(unified_key)),
        vault_(vault),
        remembered_(remembered),
        loader_(loader),
        ledger_(ledger),
        current_(current),
        status_(status),
        log_(log),
        clock_(clock) {}

  /// The first reading; the error has every fault, a line each.
  base::Result<World> start() {
    const auto file = find_policy(places_.policy);
    if (!file) return file.error();
    // From here on it is this file: one that vanishes is a fault, not a reason to take another.
    places_.policy = file->string();
    mark_ = FileMark::of(*file);
    generation_ = vault_.generation();
    auto world = read_world(places_, loader_, false, &vault_);
    if (!world) return world.error();
    if (auto taken = take(*world); !taken) return taken.error();
    return world;
  }

  void reload() {
    // Marked before it is read: a change in between is seen at the next tick.
    mark_ = FileMark::of(places_.policy);
    if (const auto generation = vault_.generation()) generation_ = generation;
    take_unified_key();
    auto world = read_world(places_, loader_, false, &vault_);
    const base::Result<void> taken = world ? take(*world) : base::Result<void>(world.error());
    if (!taken) {
      const std::string& message = taken.error().message;
      status_.set_reload_error(told_to_anyone(message));
      log_.error("policy.reload_failed", {{"message", message}});
      return;
    }
    status_.set_reload_error({});
    report(*world);
    log_.info("policy.reloaded",
              {{"version", world->policy->version}, {"providers", world->policy->providers.size()}});
  }

  void reload_if_changed() {
    // Somebody has changed the vault; what cannot be read now is read at the next tick.
    if (const auto generation = vault_.generation(); generation && generation != generation_) {
      reload();
      return;
    }
    const FileMark mark = FileMark::of(places_.policy);
    if (mark == mark_) {
      seen_.reset();
      return;
    }
    // An editor that truncates and then writes shows two changes: wait until the file rests for one tick.
    if (!seen_ || !(mark == *seen_)) {
      seen_ = mark;
      return;
    }
    reload();
  }

  /// Told of every new unified key.
  void on_unified_key(std::function<void(const base::Secret&)> told) { told_of_key_ = std::move(told); }
  /// Told of every policy that comes into force, and of the one that is.
  void on_policy(std::function<void(std::shared_ptr<const policy::Policy>)> told) {
    told_of_policy_ = std::move(told);
    if (in_force_) told_of_policy_(in_force_);
  }

  void report(const World& world) const {
    for (const auto& d : world.diagnostics) {
      if (d.warning) log_.warn("policy.warning", {{"message", d.text()}});
    }
    for (const std::string& problem : world.problems)
      log_.warn("environment.unreadable", {{"message", problem}});
    for (const host::Refusal& r : world.plugins.refused) {
      log_.warn("plugin.refused", {{"file", r.file}, {"reason", r.reason}});
    }
  }

 private:
  void take_unified_key() {
    auto key = unified_key(data_, vault_);
    if (!key) {
      log_.error("unified_key.unreadable", {{"message", key.error().text()}});
      return;
    }
    if (base::equal_constant_time(key->reveal(), unified_key_.reveal())) return;
    unified_key_ = std::move(*key);
    if (told_of_key_) told_of_key_(unified_key_);
    log_.info("unified_key.rotated", {{"last_four", unified_key_.last_four()}});
  }

  base::Result<void> take(const World& world) {
    if (!world.policy) {
      std::string faults;
      for (const auto& d : world.diagnostics) {
        if (d.warning) continue;
        if (!faults.empty()) faults += '\n';
        faults += d.text();
      }
      return base::Error{base::Errc::invalid_argument, std::move(faults)};
    }
    if (const auto failing = sim::run_tests(*world.policy, clock_.wall()); !failing.empty()) {
      std::string faults;
      for (const auto& d : failing) faults += (faults.empty() ? "" : "\n") + d.text();
      return base::Error{base::Errc::invalid_argument, std::move(faults)};
    }
    const policy::Server& server = world.policy->server;
    if (in_force_ && (server.address != in_force_->server.address || server.port != in_force_->server.port ||
                      server.hosts != in_force_->server.hosts)) {
      log_.warn("policy.needs_restart",
                {{"message", "server.listen and server.hosts change with the next start"}});
    }
    const auto before = current_.get();
    auto snapshot = relay::make_snapshot(world.policy, ledger_, world.plugins.providers, &plain_environment,
                                         clock_.wall(), before.get());
    if (!snapshot) return snapshot.error();
    // Redaction first: from the swap on, the new keys are in use.
    log_.set_redactor(world.redactor(unified_key_.reveal(), in_force_.get()));
    current_.set(std::move(*snapshot));
    remembered_.set_retention(world.policy->store);
    in_force_ = world.policy;
    if (told_of_policy_) told_of_policy_(in_force_);
    return {};
  }

  /// /health needs no key: it gets the file's name without its folder, and no secret.
  std::string told_to_anyone(std::string text) const {
    const std::string folder = std::filesystem::path(places_.policy).parent_path().string() + '/';
    if (folder.size() > 1) {
      for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;)
        text.erase(at, folder.size());
    }
    return base::printable(log_.redactor()->redact(text), 2000);
  }

  Places places_;
  const std::filesystem::path data_;
  base::Secret unified_key_;
  store::Vault& vault_;
  Remembered& remembered_;
  std::optional<std::int64_t> generation_;
  std::function<void(const base::Secret&)> told_of_key_;
  std::function<void(std::shared_ptr<const policy::Policy>)> told_of_policy_;
  host::PluginLoader& loader_;
  quota::Ledger& ledger_;
  relay::Current& current_;
  surfaces::Status& status_;
  base::Log& log_;
  const base::Clock& clock_;
  std::shared_ptr<const policy::Policy> in_force_;
  FileMark mark_;
  std::optional<FileMark> seen_;  ///< a change that has not rested yet
};

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
  surfaces::Status status;
  Reloader reloader(options.places, *data, *key, **vault, **remembered, loader, ledger, current, status, log,
                    clock);
  const auto world = reloader.start();
  if (!world) return refuse(world.error());
  reloader.report(*world);

  const auto past = Past::open(database_file(*data), **remembered, current);
  if (!past) return refuse(past.error());
  relay::Relay relay(current, ledger, conversations, clock, log);
  relay.watch_keys(remembered->get());
  Carried carried(database_file(*data), (*remembered)->requests(), std::move(*carried_key), conversations,
                  relay.calibration(), clock, log);
  reloader.on_policy([&past, &carried, &relay](std::shared_ptr<const policy::Policy> policy) {
    relay.meter().learn(*policy);
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
  door.keep_records(past->get());
  door.count_with(relay.meter());
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
