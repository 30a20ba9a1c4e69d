#include "quota/plan.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace freellmapi::quota {

/// Walks the policy once. Indexes that point nowhere are left out: no binding, so nothing is ever sent on
/// them.
class BoundPlan::Builder {
 public:
  Builder(BoundPlan& plan, Memory& memory) : plan_(plan), policy_(*plan.policy_), memory_(memory) {}

  void build() {
    plan_.first_binding_.assign(policy_.models.size(), policy::none);
    plan_.key_place_.assign(policy_.keys.size(), 0);
    for (policy::ProviderIndex p = 0; p < policy_.providers.size(); ++p) add_provider(p);
    // find() hands out spans by address of their first element, so there must be one even for an empty run.
    plan_.slots_.emplace_back();
    plan_.locks_.push_back(nullptr);
  }

 private:
  void add_provider(policy::ProviderIndex p) {
    const policy::Provider& provider = policy_.providers[p];
    Group* group = group_of(Group::Kind::provider, Identity{"provider"}.with(provider.id));
    std::vector<policy::KeyIndex> keys{policy::none};
    for (const policy::KeyIndex key : provider.keys) {
      if (key >= policy_.keys.size()) continue;
      plan_.key_place_[key] = static_cast<std::uint32_t>(keys.size());
      keys.push_back(key);
    }
    std::vector<policy::ModelIndex> models = provider.models;
    if (provider.any != policy::none) models.push_back(provider.any);
    for (const policy::ModelIndex model : models) {
      if (model >= policy_.models.size() || policy_.models[model].provider != p) continue;
      plan_.first_binding_[model] = static_cast<std::uint32_t>(plan_.bindings_.size());
      for (const policy::KeyIndex key : keys) {
        if (key == policy::none && (!provider.keyless || keys.size() > 1)) {
          plan_.bindings_.emplace_back();
        } else {
          add_binding(p, group, key, model);
        }
      }
    }
  }

  void add_binding(policy::ProviderIndex p, Group* provider_group, policy::KeyIndex key,
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
    binding.key = group_of(Group::Kind::key, key_id_);
    binding.provider = provider_group;
    binding.model = group_of(Group::Kind::model, model_id_);
    Identity pair_id = key_id_;
    pair_id.with("pair").with(described.id);
    binding.pair =
        keep(memory_.pairs.get(pair_id, memory_.generation, [] { return std::make_shared<Pair>(); }));

    binding.first_slot = static_cast<std::uint32_t>(plan_.slots_.size());
    std::vector<Group*> locks;
    add_rules(described.quota, true, binding, locks);
    add_rules(provider.quota, false, binding, locks);
    binding.slots = static_cast<std::uint32_t>(plan_.slots_.size()) - binding.first_slot;

    std::ranges::sort(locks, [](const Group* a, const Group* b) { return a->before(*b); });
    locks.erase(std::unique(locks.begin(), locks.end()), locks.end());
    binding.first_lock = static_cast<std::uint32_t>(plan_.locks_.size());
    binding.locks = static_cast<std::uint32_t>(locks.size());
    plan_.locks_.insert(plan_.locks_.end(), locks.begin(), locks.end());
    plan_.bindings_.push_back(binding);
  }

  void add_rules(const std::vector<policy::Rule>& rules, bool of_model, const Binding& binding,
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
          group = group_of(Group::Kind::pool, Identity{provider_id_}.with("pool").with(rule.pool));
          break;
        case policy::Scope::account:
        case policy::Scope::ip:
          break;
      }
      if (models_own) owner.with("model").with(policy_.models[place_.model].id);
      const Identity id = identity_of(owner, rule, repeats(rules, i));
      Window* window = keep(
          memory_.windows.get(id, memory_.generation, [&rule] { return std::make_shared<Window>(rule); }));
      {
        const std::lock_guard lock(group->mutex);
        window->adopt(rule.limit, memory_.generation);
      }
      plan_.slots_.push_back({window, &rule});
      locks.push_back(group);
      if (rows_made_.insert(window).second) {
        plan_.rows_.push_back(
            {plan_.slots_.back(), group, place_.provider, row_key, models_own ? place_.model : policy::none});
      }
    }
  }

  static unsigned repeats(const std::vector<policy::Rule>& rules, std::size_t index) {
    const Identity id = identity_of(Identity{"same"}, rules[index], 0);
    unsigned before = 0;
    for (std::size_t i = 0; i < index; ++i) {
      if (identity_of(Identity{"same"}, rules[i], 0) == id) ++before;
    }
    return before;
  }

  Group* group_of(Group::Kind kind, const Identity& id) {
    return keep(memory_.groups.get(id, memory_.generation,
                                   [&] { return std::make_shared<Group>(kind, memory_.next_order++); }));
  }

  template <class T>
  T* keep(std::shared_ptr<T> thing) {
    T* const raw = thing.get();
    if (kept_.insert(raw).second) plan_.owned_.push_back(std::move(thing));
    return raw;
  }

  struct Place {
    policy::ProviderIndex provider = policy::none;
    policy::KeyIndex key = policy::none;
    policy::ModelIndex model = policy::none;
  };

  BoundPlan& plan_;
  const policy::Policy& policy_;
  Memory& memory_;
  Place place_;
  Identity provider_id_{"provider"}, key_id_{"key"}, model_id_{"model"};
  std::unordered_set<const void*> kept_;
  std::unordered_set<const Window*> rows_made_;
};

BoundPlan::BoundPlan(std::shared_ptr<const policy::Policy> policy, Memory& memory) : Plan(std::move(policy)) {
  ++memory.generation;
  Builder(*this, memory).build();
}

const Binding* BoundPlan::find(policy::KeyIndex key, policy::ModelIndex model) const noexcept {
  if (model >= first_binding_.size() || first_binding_[model] == policy::none) return nullptr;
  std::uint32_t place = 0;
  if (key != policy::none) {
    if (key >= key_place_.size() || policy_->keys[key].provider != policy_->models[model].provider)
      return nullptr;
    place = key_place_[key];
    if (place == 0) return nullptr;
  }
  const Binding& binding = bindings_[first_binding_[model] + place];
  return binding.pair == nullptr ? nullptr : &binding;
}

}  // namespace freellmapi::quota
