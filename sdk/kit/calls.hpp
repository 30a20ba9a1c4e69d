// The canonical calls: what clients really send, as the host hands it over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kit/facts.hpp"
#include "kit/fixture.hpp"

namespace freellmapi::kit {

struct CanonicalCall {
  std::string_view name, title;
  std::string body;               ///< `model` is "auto"
  std::uint32_t needs = 0;        ///< FREELLM_MODEL_...: what the model must be able to do
  bool must_be_possible = false;  ///< E_INVALID is no answer
};

/// Made once.
const std::vector<CanonicalCall>& canonical_calls();
/// A name and a value that no schema has; a request that holds one of them forwards blindly.
inline constexpr std::string_view unknown_member = "x_kit_unknown_member",
                                  unknown_value = "kit-unknown-value-7f3a";

/// The call for one model, its output limit as the host would cut it.
ClientCall client_call(const CanonicalCall& call, const ModelFacts& model);
/// One user message "hi" to the provider's first chat model.
ClientCall plain_call(const Facts& facts, bool stream = false);
/// As the host sees to it: the model can do what the call needs.
bool fits(const CanonicalCall& call, const ModelFacts& model);

}  // namespace freellmapi::kit
