// `keys test`.
#include "cli/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/json_object.hpp"
#include "base/text.hpp"
#include "cli/files.hpp"
#include "cli/prober.hpp"
#include "cli/quiet.hpp"
#include "cli/vault_door.hpp"
#include "net/loop.hpp"
#include "policy/digest.hpp"
#include "relay/probe.hpp"

namespace freellmapi::cli {

namespace {

/// One key to test, and what came of it.
struct Case {
  const policy::Provider* provider = nullptr;
  const policy::Model* cheapest = nullptr;  ///< for a test by chat; null: none is wanted
  policy::Key key;
  relay::Upstream upstream;
  relay::Probed said;
};

/// The model that is missed least when some of its quota is gone.
const policy::Model* cheapest_of(const policy::Policy& policy, const policy::Provider& provider) {
  const policy::Model* out = nullptr;
  for (const policy::ModelIndex index : provider.models) {
    const policy::Model& model = policy.models[index];
    if (!model.enabled || model.kind != policy::Kind::chat) continue;
    if (!out || model.rank > out->rank) out = &model;
  }
  return out;
}

std::vector<policy::Key> keys_of(const World& world, const policy::Provider& provider,
                                 const store::Vault* vault) {
  std::vector<policy::Key> keys;
  for (const policy::KeyIndex index : provider.keys) keys.push_back(world.policy->keys[index]);
  const auto kept = vault ? vault->keys(provider.id) : base::Result<std::vector<store::VaultKey>>({});
  if (!kept) return keys;
  for (const store::VaultKey& each : *kept) {
    if (each.damaged) continue;  // usable_world has named it
    const std::uint64_t fingerprint = policy::key_fingerprint(provider.id, each.secret.reveal());
    const bool known = std::any_of(keys.begin(), keys.end(),
                                   [&](const policy::Key& key) { return key.fingerprint == fingerprint; });
    if (known) continue;
    policy::Key key;
    key.label = each.label;
    key.source = "vault " + each.label;
    key.secret = each.secret;
    key.fingerprint = fingerprint;
    keys.push_back(std::move(key));
  }
  return keys;
}

base::Result<std::vector<Case>> cases_of(const World& world, const KeysOptions& options,
                                         const store::Vault* vault) {
  std::vector<Case> cases;
  for (const policy::Provider& provider : world.policy->providers) {
    // One that is off is tested when it is asked for.
    const bool meant = options.provider.empty() ? provider.enabled : provider.id == options.provider;
    if (!meant || provider.answers_itself) continue;
    auto upstream = relay::make_upstream(provider, world.plugins.providers, &plain_environment);
    if (!upstream) return upstream.error();
    if (!upstream->plugin) continue;
    for (policy::Key& key : keys_of(world, provider, vault)) {
      if (!options.label.empty() && key.label != options.label) continue;
      Case each;
      each.provider = &provider;
      if (options.spend) each.cheapest = cheapest_of(*world.policy, provider);
      each.key = std::move(key);
      each.upstream = *upstream;
      cases.push_back(std::move(each));
    }
  }
  return cases;
}

void print(const Case& each, const base::Redactor& redactor) {
  const std::string why = redactor.redact(each.said.why);
  fmt::print("{:<14} {:<10} {:<28} {}{}\n", each.provider->id, each.key.label, each.key.source,
             relay::name(each.said.verdict), why.empty() ? "" : ": " + why);
  std::fflush(stdout);
}

net::Task<void> test_all(net::Core& core, std::vector<Case>& cases, const base::Redactor* shown) {
  for (Case& each : cases) {
    relay::Probed said = co_await relay::probe_key(core, each.upstream, each.key);
    if (said.verdict == relay::Probed::Verdict::unknown && each.cheapest)
      said = co_await relay::probe_by_chat(core, each.upstream, *each.cheapest, &each.key);
    each.said = std::move(said);
    if (shown) print(each, *shown);
  }
}

void remember(const KeysOptions& options, const std::vector<Case>& cases, base::WallTime now) {
  const auto health = known_health(options.places.data);
  if (!health) return;
  for (const Case& each : cases) {
    note_probe(*health, *each.provider, each.key, each.said.verdict == relay::Probed::Verdict::good,
               each.said.verdict == relay::Probed::Verdict::refused, now);
  }
  if (const auto saved = health->save(); !saved) refuse(saved.error());
}

}  // namespace

int keys_test(const KeysOptions& options) {
  keep_memory_private();
  if (!options.rest.empty()) return refuse("`keys test` takes a provider and a label at most");
  Quiet quiet;
  const auto world = usable_world(options.places, quiet);
  if (!world) return refuse(world.error());
  if (!options.provider.empty() && world->policy->provider_named(options.provider) == policy::none)
    return refuse("there is no provider '" + base::printable(options.provider, 64) + "'");
  const auto vault = open_vault(data_path(options.places.data), false);
  auto cases = cases_of(*world, options, vault ? vault->get() : nullptr);
  if (!cases) return refuse(cases.error());
  if (cases->empty()) return refuse("there is no such key to test");

  std::vector<std::string> secrets;
  for (const Case& each : *cases) secrets.emplace_back(each.key.secret.reveal());
  const base::Redactor redactor(secrets);
  const base::Redactor* shown = options.as_json ? nullptr : &redactor;
  const auto ran = net::run_on_core(quiet.clock, quiet.log, net::UpstreamOptions{},
                                    [&](net::Core& core) { return test_all(core, *cases, shown); });
  if (!ran) return refuse(ran.error());
  remember(options, *cases, quiet.clock.wall());
  if (options.as_json) {
    std::string list;
    for (const Case& each : *cases) {
      base::append_item(list, base::JsonObject()
                                  .text("provider", each.provider->id)
                                  .text("label", each.key.label)
                                  .text("source", each.key.source)
                                  .text("verdict", relay::name(each.said.verdict))
                                  .text("why", redactor.redact(each.said.why))
                                  .take());
    }
    fmt::print("{{\"keys\":[{}]}}\n", list);
  }
  const bool bad = std::any_of(cases->begin(), cases->end(), [](const Case& each) {
    return each.said.verdict == relay::Probed::Verdict::refused;
  });
  return bad ? 1 : 0;
}

}  // namespace freellmapi::cli
