// What a thing of the ledger is, however the policy is written and wherever it stands there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/policy.hpp"

namespace freellmapi::quota {

/// A hundred and twenty-eight bits over what a thing is: "window groq llama requests day ...". They are
/// written to disk: the same words make the same bits in every build.
struct Identity {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Identity&) const = default;

  Identity() = default;
  explicit Identity(std::string_view kind);
  Identity& with(std::string_view part);
  Identity& with(std::uint64_t part);
};
struct IdentityHash {
  std::size_t operator()(const Identity& id) const noexcept { return static_cast<std::size_t>(id.low); }
};
/// The rule without its limit. `repeat` tells apart rules that are otherwise the same.
Identity identity_of(const Identity& owner, const policy::Rule& rule, unsigned repeat);

}  // namespace freellmapi::quota
