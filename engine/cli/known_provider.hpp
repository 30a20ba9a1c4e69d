// The providers that a key can be for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/world.hpp"
#include "policy/manifest.hpp"

namespace freellmapi::cli {

struct KnownProvider {
  policy::Provider provider;
  policy::KeyFacts facts;
  std::shared_ptr<const host::Provider> plugin;
};

/// Those of the policy; where it has errors, the plugins by themselves.
std::vector<KnownProvider> known_providers(const World& world);
/// The error has near names; it does not repeat what looks like a key.
base::Result<KnownProvider> known_provider(const World& world, const std::string& id);

}  // namespace freellmapi::cli
