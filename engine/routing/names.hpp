// What the names that requests and pins go by stand for under a policy, found out once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "routing/decide.hpp"

namespace freellmapi::routing {

/// resolve()'s answers to the names that a policy knows. Immutable.
class Names {
 public:
  explicit Names(const policy::Policy& policy);
  /// Null: ask resolve(). The name may be spelt another way than the policy's, be one that a provider takes
  /// without knowing it, or stand for nothing. Allocates nothing.
  const Target* find(std::string_view name) const;
  /// The model that a conversation was pinned to (pin_name); none: the policy has it no more.
  policy::ModelIndex pinned(std::uint64_t pin_name) const noexcept;
  /// What pins call a model of the policy.
  std::uint64_t pin_name(policy::ModelIndex model) const noexcept { return pin_names_[model]; }

 private:
  struct Hash {
    using is_transparent = void;
    // Not noexcept: the table then keeps what it has hashed.
    std::size_t operator()(std::string_view text) const { return base::fnv1a(text); }
  };
  void add(const policy::Policy& policy, std::string name);

  std::vector<Target> targets_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> places_;
  std::vector<std::uint64_t> pin_names_;  // by model
  std::unordered_map<std::uint64_t, policy::ModelIndex> pins_;
};

}  // namespace freellmapi::routing
