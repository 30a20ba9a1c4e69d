// Finds a provider's keys: where the policy says, or under the names its manifest gives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/compile.hpp"
#include "policy/file.hpp"

namespace freellmapi::policy {

inline constexpr std::size_t max_keys = 256;  ///< of one provider

/// The keys of one provider in order, without duplicates and without an index to the provider. Missing
/// references and keys of the wrong shape are warnings that name the variable and the label, never the value.
/// Without references: all that the vault has, then what stands under every name. `duplicates` gets the
/// source of each key that was found before and that one's label; `left_out` grows by the keys that are not
/// used for their form or their number. Both may be null.
std::vector<Key> find_keys(const Provider& provider, const KeyFacts& facts,
                           const std::vector<KeyReference>* references, const Input& input, Faults& faults,
                           std::vector<std::pair<std::string, std::string>>* duplicates = nullptr,
                           std::size_t* left_out = nullptr);

/// The manifest's facts; a second account of a plugin has a variable of its own, so that it does not spend
/// the first one's keys twice.
KeyFacts facts_of(const std::string& provider, const Manifest& manifest);

/// What of a key's shape is unlike the provider's keys; "" when nothing is.
std::string wrong_shape(const KeyFacts& facts, std::string_view secret);
/// False: no header can carry it.
bool is_sendable(std::string_view secret) noexcept;

}  // namespace freellmapi::policy
