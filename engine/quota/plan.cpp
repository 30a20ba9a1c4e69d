#include "quota/plan.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace freellmapi::quota {

/// Walks the policy once. Indexes that point nowhere are left out: no binding, so nothing is ever sent on
/// them.
class BoundPlan::Builder {
 public:
  Builder(BoundPlan& plan, Memory& memory) : plan_(plan), policy_(*plan.policy_), memory_(memory) {}

  base::Result<void> build() {
    plan_.models_.resize(policy_.models.size());
    plan_.keys_.resize(policy_.keys.size());
    for (policy::ProviderIndex p = 0; p < policy_.providers.size(); ++p) {
      if (!add_provider(p)) return memory_.error();
    }
    // find() hands out spans by address of their first element, so there must be one even for an empty run.
    plan_.slots_.emplace_back();
    plan_.locks_.push_back(nullptr);
    if (auto published = memory_.slots().publish(); !published) return published;
    // Only now is it certain that this policy will rule.
    for (const Adoption& adoption : adoptions_) {
      const std::lock_guard lock(adoption.group->mutex);
      adoption.window->adopt(adoption.limit, adoption.liftable, memory_.generation());
    }
    return {};
  }

 private:
  bool add_provider(policy::ProviderIndex p) {
    const policy::Provider& provider = policy_.providers[p];
    Group* group = keep(memory_.group(Group::Kind::provider, Identity{"provider"}.with(provider.id)));
    if (group == nullptr) return false;
    std::vector<policy::KeyIndex> keys{policy::none};
    for (const policy::KeyIndex key : provider.keys) {
      if (key >= policy_.keys.size()) continue;
      plan_.keys_[key] = {static_cast<std::uint32_t>(keys.size()), p};
      keys.push_back(key);
    }
    std::vector<policy::ModelIndex> models = provider.models;
    if (provider.any != policy::none) models.push_back(provider.any);
    for (const policy::ModelIndex model : models) {
      if (model >= policy_.models.size() || policy_.models[model].provider != p) continue;
      plan_.models_[model] = {static_cast<std::uint32_t>(plan_.bindings_.size()), p};
      for (const policy::KeyIndex key : keys) {
        if (key == policy::none && (!provider.keyless || keys.size() > 1)) {
          plan_.bindings_.emplace_back();
        } else if (!add_binding(p, group, key, model)) {
          return false;
        }
      }
    }
    return true;
  }

  bool add_binding(policy::ProviderIndex p, Group* provider_group, policy::KeyIndex key,
                   policy::ModelIndex model) {
    const policy::Provider& provider = policy_.providers[p];
    const policy::Model& described = policy_.models[model];
    place_ = {p, key, model};
    provider_id_ = Identity{"provider"}.with(provider.id);
    key_id_ = Identity{"key"}.with(provider.id);
    if (key == policy::none) {
      key_id_.with("keyless");
    } else {
      key_id_.with(policy_.keys[key].fingerprint);
    }
    model_id_ = Identity{"model"}.with(provider.id).with(described.id);

    Binding binding;
    binding.key = keep(memory_.group(Group::Kind::key, key_id_));
    binding.provider = provider_group;
    binding.model = keep(memory_.group(Group::Kind::model, model_id_));
    Identity pair_id = key_id_;
    binding.pair = keep(memory_.pair(pair_id.with("pair").with(described.id)));
    if (binding.key == nullptr || binding.model == nullptr || binding.pair == nullptr) return false;

    binding.first_slot = static_cast<std::uint32_t>(plan_.slots_.size());
    std::vector<Group*> locks;
    if (!add_rules(described.quota, true, binding, locks)) return false;
    if (!add_rules(provider.quota, false, binding, locks)) return false;
    binding.slots = static_cast<std::uint32_t>(plan_.slots_.size()) - binding.first_slot;

    std::ranges::sort(locks, [](const Group* a, const Group* b) { return a->before(*b); });
    locks.erase(std::unique(locks.begin(), locks.end()), locks.end());
    binding.first_lock = static_cast<std::uint32_t>(plan_.locks_.size());
    binding.locks = static_cast<std::uint32_t>(locks.size());
    plan_.locks_.insert(plan_.locks_.end(), locks.begin(), locks.end());
    plan_.bindings_.push_back(binding);
    return true;
  }

  bool add_rules(const std::vector<policy::Rule>& rules, bool of_model, const Binding& binding,
                 std::vector<Group*>& locks) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const policy::Rule& rule = rules[i];
      Identity owner = provider_id_;
      Group* group = binding.provider;
      policy::KeyIndex row_key = policy::none;
      bool models_own = of_model;
      switch (rule.scope) {
        case policy::Scope::key:
          owner = key_id_;
          group = binding.key;
          row_key = place_.key;
          break;
        case policy::Scope::model:
          models_own = true;
          group = binding.model;
          break;
        case policy::Scope::pool:
          models_own = false;
          group = keep(memory_.group(Group::Kind::pool, Identity{provider_id_}.with("pool").with(rule.pool)));
          break;
        case policy::Scope::account:
        case policy::Scope::ip:
          break;
      }
      if (models_own) owner.with("model").with(policy_.models[place_.model].id);
      const Identity id = identity_of(owner, rule, repeats(rules, i));
      Window* window = keep(memory_.window(id, rule));
      if (window == nullptr) return false;
      adoptions_.push_back({group, window, rule.counted_limit(), rule.liftable});
      plan_.slots_.push_back({window, &rule, rule.of});
      locks.push_back(group);
      if (rows_made_.insert(window).second) {
        plan_.rows_.push_back(
            {plan_.slots_.back(), group, place_.provider, row_key, models_own ? place_.model : policy::none});
      }
    }
    return true;
  }

  static unsigned repeats(const std::vector<policy::Rule>& rules, std::size_t index) {
    const Identity id = identity_of(Identity{"same"}, rules[index], 0);
    unsigned before = 0;
    for (std::size_t i = 0; i < index; ++i) {
      if (identity_of(Identity{"same"}, rules[i], 0) == id) ++before;
    }
    return before;
  }

  template <class T>
  T* keep(std::shared_ptr<T> thing) {
    T* const raw = thing.get();
    if (raw != nullptr && kept_.insert(raw).second) plan_.owned_.push_back(std::move(thing));
    return raw;
  }

  struct Place {
    policy::ProviderIndex provider = policy::none;
    policy::KeyIndex key = policy::none;
    policy::ModelIndex model = policy::none;
  };

  struct Adoption {
    Group* group = nullptr;
    Window* window = nullptr;
    std::uint64_t limit = 0;
    bool liftable = false;
  };

  BoundPlan& plan_;
  const policy::Policy& policy_;
  Memory& memory_;
  Place place_;
  Identity provider_id_{"provider"}, key_id_{"key"}, model_id_{"model"};
  std::unordered_set<const void*> kept_;
  std::unordered_set<const Window*> rows_made_;
  std::vector<Adoption> adoptions_;
};

base::Result<std::shared_ptr<const BoundPlan>> BoundPlan::make(std::shared_ptr<const policy::Policy> policy,
                                                               Memory& memory) {
  memory.next_generation();
  std::shared_ptr<BoundPlan> plan(new BoundPlan(std::move(policy)));
  if (auto built = Builder(*plan, memory).build(); !built) return built.error();
  return std::shared_ptr<const BoundPlan>(std::move(plan));
}

const Binding* BoundPlan::find(policy::KeyIndex key, policy::ModelIndex model) const noexcept {
  if (model >= models_.size() || models_[model].first_binding == policy::none) return nullptr;
  std::uint32_t in_run = 0;
  if (key != policy::none) {
    if (key >= keys_.size() || keys_[key].in_run == 0 || keys_[key].provider != models_[model].provider)
      return nullptr;
    in_run = keys_[key].in_run;
  }
  const Binding& binding = bindings_[models_[model].first_binding + in_run];
  return binding.pair == nullptr ? nullptr : &binding;
}

}  // namespace freellmapi::quota
