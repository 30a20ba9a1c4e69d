// Resolves what a chain and an alias name, once all providers and models are known.
#pragma once

#include <string>
#include <vector>

#include "policy/file.hpp"

namespace freellmapi::policy {

/// The steps of a chain. Adds models to providers that take any name when a chain names one. Faults and
/// warnings go to `source`. `where` is the chain's own place, for the fault that nothing of it can be used.
std::vector<Step> resolve_chain(Policy& policy, const std::vector<ChainItem>& items, const Spot& where,
                                Source& source);

/// Fills policy.aliases. Loops and names that mean nothing are faults.
void resolve_aliases(Policy& policy, const std::vector<std::pair<Spot, Spot>>& aliases, Source& source);

}  // namespace freellmapi::policy
