#include "routing/names.hpp"

#include <utility>

namespace freellmapi::routing {

Names::Names(const policy::Policy& policy) {
  add(policy, "auto");
  for (const policy::Chain& chain : policy.chains) add(policy, "auto:" + chain.name);
  using policy::Strategy;
  for (const Strategy strategy : {Strategy::priority, Strategy::balanced, Strategy::fastest,
                                  Strategy::smartest, Strategy::reliable, Strategy::expiring})
    add(policy, "auto:" + std::string(policy::name(strategy)));
  for (const auto& [alias, meaning] : policy.aliases) add(policy, alias);
  for (policy::ModelIndex m = 0; m < policy.models.size(); ++m) {
    const policy::Model& model = policy.models[m];
    pin_names_.push_back(0);
    if (model.provider >= policy.providers.size()) continue;
    const std::string& provider = policy.providers[model.provider].id;
    pin_names_.back() = base::fnv1a(model.id, base::fnv1a("/", base::fnv1a(provider)));
    pins_.try_emplace(pin_names_.back(), m);
    if (model.id.empty()) continue;
    add(policy, provider + '/' + model.id);
    add(policy, model.id);
    if (!model.family.empty()) add(policy, model.family);
  }
}

void Names::add(const policy::Policy& policy, std::string name) {
  if (places_.contains(name)) return;
  auto target = resolve(policy, name);
  if (!target) return;
  places_.emplace(std::move(name), static_cast<std::uint32_t>(targets_.size()));
  targets_.push_back(std::move(*target));
}

const Target* Names::find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &targets_[place->second];
}

policy::ModelIndex Names::pinned(std::uint64_t name) const noexcept {
  const auto found = pins_.find(name);
  return found == pins_.end() ? policy::none : found->second;
}

}  // namespace freellmapi::routing
