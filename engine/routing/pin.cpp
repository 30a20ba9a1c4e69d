#include "routing/pin.hpp"

#include "base/ids.hpp"

namespace freellmapi::routing {

std::uint64_t pin_name(const policy::Policy& policy, const policy::Model& model) noexcept {
  return base::fnv1a(model.id, base::fnv1a("/", base::fnv1a(policy.providers[model.provider].id)));
}

Sticky::Pin pin_of(const policy::Policy& policy, policy::ModelIndex model, policy::KeyIndex key) noexcept {
  const std::uint64_t name = pin_name(policy, policy.models[model]);
  return {name, key == policy::none ? 0 : policy.keys[key].fingerprint};
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
