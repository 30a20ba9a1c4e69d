#include "routing/pin.hpp"

namespace freellmapi::routing {

Sticky::Pin pin_of(const policy::Policy& policy, const Names& names, policy::ModelIndex model,
                   policy::KeyIndex key) noexcept {
  return {names.pin_name(model), key == policy::none ? 0 : policy.keys[key].fingerprint};
}

Candidate pinned_candidate(const policy::Policy& policy, const Names& names, Sticky::Pin pin) noexcept {
  Candidate candidate;
  candidate.model = names.pinned(pin.model_name);
  if (candidate.model == policy::none) return candidate;
  for (const policy::KeyIndex k : policy.providers[policy.models[candidate.model].provider].keys) {
    if (policy.keys[k].fingerprint == pin.key_fingerprint) candidate.key = k;
  }
  return candidate;
}

}  // namespace freellmapi::routing
