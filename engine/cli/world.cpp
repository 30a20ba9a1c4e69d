#include "cli/world.hpp"

#include <algorithm>

#include "cli/files.hpp"
#include "cli/vault_door.hpp"

namespace freellmapi::cli {

namespace {
// One byte over what the policy room takes, so that it is the one who refuses, with the file's name.
constexpr std::size_t policy_file_most = 1024 * 1024 + 1;

/// A key that was tampered with is left out alone, and named. A vault that cannot be read now is no reason to
/// go on without its keys.
std::vector<policy::VaultKey> vault_keys(const store::Vault& vault, const std::string& provider, World& world,
                                         base::Result<void>& failed) {
  auto keys = vault.keys(provider);
  std::vector<policy::VaultKey> out;
  if (!keys) {
    failed = keys.error();
    return out;
  }
  for (store::VaultKey& key : *keys) {
    if (key.damaged) world.problems.push_back(store::told_of_damage(provider, key.label));
    if (key.enabled && !key.damaged) out.push_back({std::move(key.label), std::move(key.secret)});
  }
  return out;
}

}  // namespace

std::shared_ptr<const base::Redactor> World::redactor(std::string_view unified_key,
                                                      const policy::Policy* before) const {
  std::vector<std::string> secrets;
  if (!unified_key.empty()) secrets.emplace_back(unified_key);
  for (const policy::Policy* each : {policy.get(), before}) {
    if (!each) continue;
    for (const policy::Key& key : each->keys) {
      const std::string_view secret = key.secret.reveal();
      secrets.emplace_back(secret);
      // Some keys are two parts that go out by themselves.
      if (const std::size_t colon = secret.find(':'); colon != std::string_view::npos) {
        secrets.emplace_back(secret.substr(0, colon));
        secrets.emplace_back(secret.substr(colon + 1));
      }
    }
  }
  return std::make_shared<base::Redactor>(std::move(secrets));
}

base::Result<World> read_world(const Places& places, host::PluginLoader& loader, bool advice,
                               const store::Vault* vault) {
  World world;
  auto file = find_policy(places.policy);
  if (!file) return base::Error{base::Errc::invalid_argument, file.error().text()};
  world.policy_file = std::move(*file);
  auto text = read_file(world.policy_file, policy_file_most);
  if (!text) return base::Error{base::Errc::invalid_argument, text.error().text()};
  world.plugins = loader.scan(plugin_directories(places.plugins));

  policy::Input input;
  input.text = std::move(*text);
  input.file = world.policy_file.string();
  for (const auto& [id, provider] : world.plugins.providers) {
    input.manifests.push_back({id, provider->manifest(), provider->plugin().file()});
  }
  input.environment = [&world](const std::string& name) { return environment(name, &world.problems); };
  input.key_file = [&world](const std::string& path) -> std::optional<std::string> {
    auto key = read_secret(path);
    if (!key) world.problems.push_back(key.error().message);
    return key ? std::optional(std::move(*key)) : std::nullopt;
  };
  std::unique_ptr<store::Vault> own;
  if (vault == nullptr) {
    auto opened = open_vault(data_path(places.data), false);
    if (opened) own = std::move(*opened);
    if (!opened && opened.error().code != base::Errc::not_found)
      world.problems.push_back(opened.error().text());
    vault = own.get();
  }
  base::Result<void> vault_read;
  if (vault != nullptr) {
    input.vault = [&](const std::string& provider) {
      return vault_keys(*vault, provider, world, vault_read);
    };
  }
  input.listen_override = places.listen;
  input.advice = advice;
  policy::Outcome outcome = policy::compile(input);
  if (!vault_read) return vault_read.error();
  world.policy = std::move(outcome.policy);
  world.diagnostics = std::move(outcome.diagnostics);
  // A provider that is "not installed" may be a file that was not taken.
  if (!world.policy)
    for (const host::Refusal& r : world.plugins.refused)
      world.diagnostics.push_back({r.file, 0, 0, "refused: " + r.reason, false});
  std::sort(world.problems.begin(), world.problems.end());
  world.problems.erase(std::unique(world.problems.begin(), world.problems.end()), world.problems.end());
  return world;
}

}  // namespace freellmapi::cli
