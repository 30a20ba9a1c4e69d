// Finds a provider's keys: where the policy says, or under the names its manifest gives.
#pragma once

#include <vector>

#include "policy/compile.hpp"
#include "policy/file.hpp"

namespace freellmapi::policy {

inline constexpr std::size_t max_keys = 256;  ///< of one provider

/// The keys of one provider in order, without duplicates and without an index to the provider. Missing
/// references and keys of the wrong shape are warnings that name the variable and the label, never the value.
std::vector<Key> find_keys(const Provider& provider, const KeyFacts& facts,
                           const std::vector<KeyReference>* references, const Input& input, Faults& faults);

}  // namespace freellmapi::policy
