#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "routing/decide.hpp"

namespace freellmapi::routing {
namespace {

constexpr std::string_view automatic = "auto";
constexpr std::string_view automatic_prefix = "auto:";
constexpr policy::ChainIndex default_chain = 0;

/// The models `wanted` picks, those of the default chain first and in its order.
template <class Wanted>
std::vector<policy::ModelIndex> models_where(const policy::Policy& policy, const Wanted& wanted) {
  std::vector<policy::ModelIndex> found;
  if (!policy.chains.empty()) {
    for (const policy::Step& step : policy.chains[default_chain].steps) {
      if (step.model < policy.models.size() && wanted(policy.models[step.model])) found.push_back(step.model);
    }
  }
  const std::size_t in_chain = found.size();
  for (policy::ModelIndex i = 0; i < policy.models.size(); ++i) {
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(in_chain);
    if (wanted(policy.models[i]) && std::find(found.begin(), end, i) == end) found.push_back(i);
  }
  return found;
}

bool resolve_automatic(const policy::Policy& policy, std::string_view name, Target& target) {
  if (policy.chains.empty()) return false;
  if (name == automatic) {
    target.chain = default_chain;
    target.strategy = policy.chains[default_chain].strategy;
    return true;
  }
  if (!name.starts_with(automatic_prefix)) return false;
  name.remove_prefix(automatic_prefix.size());
  // A profile is the user's own word, so it goes before a strategy of the same name.
  if (const policy::ChainIndex profile = policy.profile_named(name); profile != policy::none) {
    target.chain = profile;
    target.strategy = policy.chains[profile].strategy;
    return true;
  }
  if (const auto strategy = policy::strategy_named(name)) {
    target.chain = default_chain;
    target.strategy = *strategy;
    return true;
  }
  return false;
}

bool resolve_at_provider(const policy::Policy& policy, std::string_view name, Target& target) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || slash + 1 == name.size()) return false;
  const policy::ProviderIndex provider = policy.provider_named(name.substr(0, slash));
  if (provider == policy::none) return false;
  const std::string_view id = name.substr(slash + 1);
  policy::ModelIndex model = policy.model_of(provider, id);
  if (model == policy::none && policy.providers[provider].any_model) {
    model = policy.providers[provider].any;
    if (model != policy::none) target.passed_model = id;
  }
  if (model == policy::none) return false;
  target.models.push_back(model);
  return true;
}

base::Error not_found(const policy::Policy& policy, std::string_view name) {
  std::vector<std::string> known{std::string{automatic}};
  for (std::size_t i = default_chain + 1; i < policy.chains.size(); ++i) {
    known.push_back(std::string{automatic_prefix} + policy.chains[i].name);
  }
  for (const auto& [alias, meaning] : policy.aliases) known.push_back(alias);
  for (const policy::Model& model : policy.models) {
    if (!model.enabled || model.id.empty() || model.provider >= policy.providers.size()) continue;
    known.push_back(policy.providers[model.provider].id + '/' + model.id);
    known.push_back(model.id);
    if (!model.family.empty()) known.push_back(model.family);
  }
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());

  std::string message = "the model '" + base::printable(name) + "' does not exist";
  const std::vector<std::string> near = base::nearest(name, known);
  if (near.empty()) {
    message += "; GET /v1/models lists those that do";
  } else {
    message += "; did you mean ";
    for (std::size_t i = 0; i < near.size(); ++i) {
      if (i > 0) message += i + 1 == near.size() ? " or " : ", ";
      message += "'" + near[i] + "'";
    }
    message += '?';
  }
  return {base::Errc::not_found, std::move(message)};
}

}  // namespace

base::Result<Target> resolve(const policy::Policy& policy, std::string_view model) {
  std::string_view name = model;
  // One step: the policy has checked that what an alias stands for is not an alias.
  if (!policy.aliases.empty()) {
    if (const auto alias = policy.aliases.find(std::string{model}); alias != policy.aliases.end()) {
      name = alias->second;
    }
  }
  Target target;
  if (resolve_automatic(policy, name, target)) return target;
  if (resolve_at_provider(policy, name, target)) return target;
  if (!name.empty()) {
    target.models = models_where(policy, [name](const policy::Model& candidate) {
      return candidate.id == name || base::equal_ignoring_case(candidate.family, name);
    });
  }
  if (!target.models.empty()) return target;
  return not_found(policy, model);
}

}  // namespace freellmapi::routing
