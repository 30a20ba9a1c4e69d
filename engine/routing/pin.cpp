#include "routing/pin.hpp"

#include "base/ids.hpp"

namespace freellmapi::routing {

namespace {

std::uint64_t name_of(const policy::Policy& policy, const policy::Model& model) noexcept {
  return base::fnv1a(model.id, base::fnv1a("/", base::fnv1a(policy.providers[model.provider].id)));
}

}  // namespace

Sticky::Pin pin_of(const policy::Policy& policy, policy::ModelIndex model, policy::KeyIndex key) noexcept {
  return {name_of(policy, policy.models[model]), key == policy::none ? 0 : policy.keys[key].fingerprint};
}

Candidate pinned_candidate(const policy::Policy& policy, Sticky::Pin pin) noexcept {
  for (policy::ModelIndex m = 0; m < policy.models.size(); ++m) {
    const policy::Model& model = policy.models[m];
    if (name_of(policy, model) != pin.model_name) continue;
    Candidate candidate;
    candidate.model = m;
    for (const policy::KeyIndex k : policy.providers[model.provider].keys) {
      if (policy.keys[k].fingerprint == pin.key_fingerprint) candidate.key = k;
    }
    return candidate;
  }
  return {};
}

}  // namespace freellmapi::routing
