// GET /v1/models: what a client may ask for, as the router sees it now.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "policy/policy.hpp"

namespace freellmapi::surfaces::openai {

/// Of one model, by its index in the policy.
struct Usability {
  bool available = false;
  std::string reason;  ///< why not: no_key, benched, quota_full, the policy's own words, ...
};

/// The list: `auto`, `auto:<profile>`, then every chat model as provider/model-id in the policy's order.
/// `usability` has one entry per model. `created` is when the policy was loaded.
std::string models_body(const policy::Policy& policy, std::span<const Usability> usability,
                        base::WallTime created, bool only_available);

/// The models of a chain's steps, in its order.
std::vector<policy::ModelIndex> models_of(const policy::Chain& chain);

/// The entry of one name that a request may ask for: `models` is what it stands for. Several, or a chain, can
/// do what one of their usable models can.
std::string model_body(const policy::Policy& policy, std::span<const Usability> usability,
                       base::WallTime created, std::string_view id,
                       std::span<const policy::ModelIndex> models, bool is_chain);

}  // namespace freellmapi::surfaces::openai
