#include "cli/known_provider.hpp"

#include <fmt/format.h>

#include "base/redact.hpp"
#include "base/text.hpp"
#include "policy/faults.hpp"
#include "policy/keys.hpp"

namespace freellmapi::cli {

namespace {

KnownProvider known(policy::Provider provider, const std::string& id,
                    const std::shared_ptr<const host::Provider>& plugin) {
  policy::ManifestText text;
  text.provider = id;
  text.yaml = plugin->manifest();
  text.file = plugin->plugin().file();
  std::vector<policy::Diagnostic> faults;
  const policy::Manifest manifest = policy::read_manifest(text, faults);
  KnownProvider out;
  out.facts = policy::facts_of(provider.id, manifest);
  out.provider = std::move(provider);
  out.plugin = plugin;
  return out;
}

}  // namespace

std::vector<KnownProvider> known_providers(const World& world) {
  std::vector<KnownProvider> out;
  if (world.policy) {
    for (const policy::Provider& provider : world.policy->providers) {
      const auto plugin = world.plugins.providers.find(provider.plugin);
      if (plugin != world.plugins.providers.end())
        out.push_back(known(provider, plugin->first, plugin->second));
    }
    return out;
  }
  for (const auto& [id, plugin] : world.plugins.providers) {
    policy::Provider provider;
    provider.id = id;
    provider.plugin = id;
    out.push_back(known(std::move(provider), id, plugin));
  }
  return out;
}

base::Result<KnownProvider> known_provider(const World& world, const std::string& id) {
  std::vector<std::string> names;
  for (KnownProvider& each : known_providers(world)) {
    if (each.provider.id == id) return std::move(each);
    names.push_back(each.provider.id);
  }
  // Whoever forgets the provider types the key in its place.
  const bool plain = id.size() <= 24;
  const std::string named = plain ? " '" + base::Redactor().redact(base::printable(id)) + "'" : std::string();
  return base::Error{base::Errc::not_found,
                     fmt::format("there is no provider{}{}", named.empty() ? " of that name" : named,
                                 policy::did_you_mean(id, names))};
}

}  // namespace freellmapi::cli
