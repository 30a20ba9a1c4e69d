// GET /v1/models: what a client may ask for, as the router sees it now.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// One entry of the list, or that of an alias's target under the alias's name. Nothing: there is no such
/// model.
std::optional<std::string> model_body(const policy::Policy& policy, std::span<const Usability> usability,
                                      base::WallTime created, std::string_view id);

}  // namespace freellmapi::surfaces::openai
