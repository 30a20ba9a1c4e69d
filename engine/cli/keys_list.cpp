// `keys list`.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/json_object.hpp"
#include "base/text.hpp"
#include "cli/files.hpp"
#include "cli/health_text.hpp"
#include "cli/keys.hpp"
#include "cli/quiet.hpp"
#include "cli/vault_door.hpp"
#include "policy/digest.hpp"

namespace freellmapi::cli {

namespace {

struct Row {
  std::string provider, label, source, last_four;
  std::string state;  ///< on, off, disabled, duplicate, unused, damaged
  std::string why;    ///< of the state
  std::uint64_t fingerprint = 0;
};

const policy::Key* key_labelled(const policy::Policy& policy, const policy::Provider& provider,
                                std::string_view label) {
  for (const policy::KeyIndex index : provider.keys) {
    if (policy.keys[index].label == label) return &policy.keys[index];
  }
  return nullptr;
}

/// The keys that the policy uses, and those it found a second time.
void add_used(const policy::Policy& policy, const policy::Provider& provider, std::vector<Row>& rows) {
  for (const policy::KeyIndex index : provider.keys) {
    const policy::Key& key = policy.keys[index];
    rows.push_back({provider.id, key.label, key.source, key.secret.last_four(),
                    provider.enabled ? "on" : "off",
                    provider.enabled ? "" : "the provider is off: " + provider.why_off, key.fingerprint});
  }
  for (const auto& [source, label] : provider.duplicates) {
    const policy::Key* first = key_labelled(policy, provider, label);
    const std::string own = source.starts_with("vault ") ? source.substr(6) : "";
    rows.push_back({provider.id, own, source, first ? first->secret.last_four() : "", "duplicate",
                    "of " + label, first ? first->fingerprint : 0});
  }
}

/// The keys of the vault that nobody uses.
base::Result<void> add_unused(const store::Vault& vault, const std::string& provider, bool known,
                              std::vector<Row>& rows) {
  const auto keys = vault.keys(provider);
  if (!keys) return keys.error();
  for (const store::VaultKey& key : *keys) {
    const std::string source = "vault " + key.label;
    const bool shown = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      return row.provider == provider && row.source == source;
    });
    if (shown) continue;
    std::string state = key.enabled ? "unused" : "disabled";
    std::string why = key.enabled ? "the policy's 'keys' do not name it" : "";
    if (!known) why = "there is no such provider";
    if (key.damaged) {
      rows.push_back({provider, key.label, source, "", "damaged", "remove it and add it anew", 0});
      continue;
    }
    rows.push_back({provider, key.label, source, key.secret.last_four(), std::move(state), std::move(why),
                    policy::key_fingerprint(provider, key.secret.reveal())});
  }
  return {};
}

std::string json_of(const Row& row, const store::KeyRecord& record) {
  return base::JsonObject()
      .text("provider", row.provider)
      .text("label", row.label)
      .text("source", row.source)
      .text("last_four", row.last_four)
      .text("state", row.state)
      .text("why", row.why)
      .text("health", store::name(record.state()))
      .text("last_good", time_text(record.last_good))
      .text("last_refused", time_text(record.last_refused))
      .text("last_test", time_text(record.last_probe))
      .count("refusals", record.refusals)
      .take();
}

}  // namespace

int keys_list(const KeysOptions& options) {
  keep_memory_private();
  if (!options.rest.empty()) return refuse("`keys list` takes one provider at most");
  Quiet quiet;
  const auto world = usable_world(options.places, quiet);
  if (!world) return refuse(world.error());
  const policy::Policy& policy = *world->policy;
  std::vector<Row> rows;
  for (const policy::Provider& provider : policy.providers) add_used(policy, provider, rows);
  const auto vault = open_vault(data_path(options.places.data), false);
  if (!vault && vault.error().code != base::Errc::not_found) return 1;  // usable_world has said why
  if (vault) {
    const auto providers = (*vault)->providers();
    if (!providers) return refuse(providers.error());
    for (const std::string& id : *providers) {
      const auto added = add_unused(**vault, id, policy.provider_named(id) != policy::none, rows);
      if (!added) refuse(added.error());
    }
  }
  if (!options.provider.empty())
    std::erase_if(rows, [&](const Row& row) { return row.provider != options.provider; });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.provider < b.provider; });

  const auto health = known_health(options.places.data);
  const auto record = [&health](const Row& row) {
    return health && row.fingerprint != 0 ? health->of(row.provider, row.fingerprint) : store::KeyRecord{};
  };
  if (options.as_json) {
    std::string list;
    for (const Row& row : rows) base::append_item(list, json_of(row, record(row)));
    fmt::print("{{\"keys\":[{}]}}\n", list);
    return 0;
  }
  for (const Row& row : rows) {
    const std::string state = row.why.empty() ? row.state : fmt::format("{} ({})", row.state, row.why);
    const std::string line =
        fmt::format("{:<14} {:<10} {:<28} {:<8} {:<10} {}", row.provider, base::printable(row.label),
                    base::printable(row.source), row.last_four.empty() ? "" : "..." + row.last_four, state,
                    health_text(record(row), quiet.clock.wall()));
    fmt::print("{}\n", line);
  }
  if (rows.empty())
    fmt::print("no keys; `freellmapi keys add PROVIDER` takes one, `keys import FILE` a file of them\n");
  return 0;
}

}  // namespace freellmapi::cli
