#include "policy/chain.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "base/text.hpp"

namespace freellmapi::policy {
namespace {

class Resolver {
 public:
  Resolver(Policy& policy, Source& source) : policy_(policy), source_(source) {}

  void add(const ChainItem& item) {
    const Spot& target = item.target;
    const auto slash = target.text.find('/');
    const bool model = slash != std::string::npos;
    if (item.kind == ChainItem::Kind::provider && model) {
      error(target, "expected a provider, got the model '" + shown(target.text) + "'");
    } else if (item.kind == ChainItem::Kind::model && !model) {
      error(target, "expected provider/model, got '" + shown(target.text) + "'" + model_hint(target.text));
    } else if (model) {
      add_model(item, target.text.substr(0, slash), target.text.substr(slash + 1));
    } else {
      add_provider(item);
    }
  }

  std::vector<Step> take() { return std::move(steps_); }
  bool failed() const { return failed_; }

 private:
  static std::string shown(std::string_view text) { return base::printable(text, 80); }

  void error(const Spot& spot, const std::string& message) {
    failed_ = true;
    source_.faults.error(spot.place, spot.path + ": " + message);
  }
  void warning(const Spot& spot, const std::string& message) {
    source_.faults.warning(spot.place, spot.path + ": " + message);
  }

  bool placed(ModelIndex model) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& s) { return s.model == model; });
  }

  // For a bare model id where a provider is expected.
  std::string model_hint(std::string_view id) const {
    for (const Model& model : policy_.models) {
      if (model.id == id) {
        return " (did you mean '" + policy_.providers[model.provider].id + "/" + model.id + "'?)";
      }
    }
    return {};
  }

  ProviderIndex provider_of(const Spot& spot, const std::string& id) {
    const ProviderIndex index = policy_.provider_named(id);
    if (index != none) return index;
    std::vector<std::string> names;
    for (const Provider& provider : policy_.providers) names.push_back(provider.id);
    std::string hint = did_you_mean(id, names);
    if (hint.empty()) hint = model_hint(spot.text);
    if (hint.empty()) hint = ": no such plugin is installed and 'providers' does not define it";
    error(spot, "unknown provider '" + shown(id) + "'" + hint);
    return none;
  }

  // A provider that is off says why and is passed over: what a plugin has wrong must not stop the router.
  bool usable(const Spot& spot, const Provider& provider) {
    if (provider.enabled) return true;
    warning(spot, provider.id + " is passed over: it is off" + reason(provider.why_off));
    return false;
  }

  static std::string reason(const std::string& why) { return why.empty() ? "" : " (" + why + ")"; }

  void add_model(const ChainItem& item, const std::string& provider_id, const std::string& id) {
    const Spot& spot = item.target;
    const ProviderIndex index = provider_of(spot, provider_id);
    if (index == none || !usable(spot, policy_.providers[index])) return;
    ModelIndex model = policy_.model_of(index, id);
    if (model == none && policy_.providers[index].any_model && !id.empty()) model = name_model(index, id);
    if (model == none) {
      std::vector<std::string> ids;
      for (const ModelIndex m : policy_.providers[index].models) ids.push_back(policy_.models[m].id);
      error(spot, "unknown model '" + shown(id) + "' of " + provider_id + did_you_mean(id, ids));
      return;
    }
    const Model& found = policy_.models[model];
    if (found.kind != Kind::chat) {
      error(spot, "'" + shown(id) + "' is no chat model");
    } else if (!found.enabled) {
      warning(spot, "passed over: the model is off" + reason(found.why_off));
    } else if (placed(model)) {
      warning(spot, "stands in the chain already; the earlier place counts");
    } else {
      steps_.push_back({model, item.wait});
    }
  }

  ModelIndex name_model(ProviderIndex provider, const std::string& id) {
    Model model;
    model.id = model.name = id;
    model.family = base::to_lower(id);
    model.provider = provider;
    policy_.models.push_back(std::move(model));
    const auto index = static_cast<ModelIndex>(policy_.models.size() - 1);
    policy_.providers[provider].models.push_back(index);
    return index;
  }

  void add_provider(const ChainItem& item) {
    const Spot& spot = item.target;
    const ProviderIndex index = provider_of(spot, spot.text);
    if (index == none || !usable(spot, policy_.providers[index])) return;
    const Provider& provider = policy_.providers[index];
    std::vector<ModelIndex> best;
    for (const ModelIndex m : provider.models) {
      if (policy_.models[m].kind == Kind::chat && policy_.models[m].enabled) best.push_back(m);
    }
    std::stable_sort(best.begin(), best.end(), [&](ModelIndex a, ModelIndex b) {
      const Model &x = policy_.models[a], &y = policy_.models[b];
      return std::tie(x.rank, x.speed) < std::tie(y.rank, y.speed);
    });
    if (best.empty()) {
      warning(spot, provider.id + (provider.any_model
                                       ? " lists no models: name one, such as " + provider.id + "/MODEL"
                                       : " has no chat model that is on"));
      return;
    }
    const std::size_t before = steps_.size();
    for (const ModelIndex m : best) {
      if (!placed(m)) steps_.push_back({m, item.wait});
    }
    if (steps_.size() == before) warning(spot, "all its models stand in the chain already");
  }

  Policy& policy_;
  Source& source_;
  std::vector<Step> steps_;
  bool failed_ = false;
};

// What a model name of a client may be, short of an alias.
bool means_something(const Policy& policy, const std::string& name) {
  if (name == "auto") return true;
  if (name.starts_with("auto:")) {
    const std::string rest = name.substr(5);
    return strategy_named(rest) || (rest != "default" && policy.profile_named(rest) != none);
  }
  if (const auto slash = name.find('/'); slash != std::string::npos) {
    const ProviderIndex provider = policy.provider_named(name.substr(0, slash));
    if (provider != none && slash + 1 < name.size() &&
        (policy.providers[provider].any_model || policy.model_of(provider, name.substr(slash + 1)) != none)) {
      return true;
    }
  }
  const std::string family = base::to_lower(name);
  return std::any_of(policy.models.begin(), policy.models.end(),
                     [&](const Model& model) { return model.id == name || model.family == family; });
}

std::string near_targets(const Policy& policy, const std::string& name) {
  std::vector<std::string> all{"auto"};
  for (const Chain& chain : policy.chains) {
    if (chain.name != "default") all.push_back("auto:" + chain.name);
  }
  for (const Model& model : policy.models) {
    all.push_back(policy.providers[model.provider].id + "/" + model.id);
    all.push_back(model.family);
  }
  return did_you_mean(name, all);
}

}  // namespace

std::vector<Step> resolve_chain(Policy& policy, const std::vector<ChainItem>& items, const Spot& where,
                                Source& source) {
  Resolver resolver(policy, source);
  for (const ChainItem& item : items) resolver.add(item);
  auto steps = resolver.take();
  const bool unread = items.empty() && source.faults.any_errors();  // its entries are reported already
  if (steps.empty() && !resolver.failed() && !unread) {
    source.faults.error(where.place, where.path + ": nothing in it can be used");
  }
  return steps;
}

void resolve_aliases(Policy& policy, const std::vector<std::pair<Spot, Spot>>& aliases, Source& source) {
  std::unordered_map<std::string_view, const Spot*> targets;
  for (const auto& [alias, target] : aliases) targets.emplace(alias.text, &target);
  const auto find = [&](const std::string& name) -> const Spot* {
    const auto found = targets.find(name);
    return found == targets.end() ? nullptr : found->second;
  };
  for (const auto& [alias, first] : aliases) {
    const Spot* target = &first;
    std::size_t hops = 0;
    for (const Spot* next = find(target->text); next != nullptr && hops <= aliases.size(); ++hops) {
      target = next;
      next = find(target->text);
    }
    if (hops > aliases.size()) {
      source.faults.error(first.place, first.path + ": the alias leads back to itself");
    } else if (!means_something(policy, target->text)) {
      if (target == &first) {
        source.faults.error(first.place, first.path + ": '" + base::printable(first.text, 80) +
                                             "' names no model, family, profile or alias" +
                                             near_targets(policy, first.text));
      }
    } else {
      policy.aliases.emplace(alias.text, target->text);
    }
  }
}

}  // namespace freellmapi::policy
