// What a chain's limits add up to in a month. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace freellmapi::surfaces {

/// Tokens that thirty days allow at most, and the requests of models that no rule counts tokens for. A rule
/// that several models or keys share is counted once.
struct Budget {
  struct Share {
    std::string provider;
    std::uint64_t tokens = 0, requests = 0;
  };
  std::uint64_t tokens = 0, requests = 0;
  std::vector<Share> providers;  ///< in the chain's order
};

Budget month_budget(const policy::Policy& policy, policy::ChainIndex chain);

}  // namespace freellmapi::surfaces
