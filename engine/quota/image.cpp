// A ledger's copy, and the list of its cooldowns.
#include <algorithm>
#include <mutex>

#include "quota/ledger.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {
namespace {

/// Gives every binding of a policy with its key and model.
template <class See>
void each_binding(const BoundPlan& plan, const See& see) {
  const policy::Policy& policy = plan.policy();
  for (policy::ModelIndex m = 0; m < policy.models.size(); ++m) {
    const std::vector<policy::KeyIndex>& keys = policy.providers[policy.models[m].provider].keys;
    const auto give = [&](policy::KeyIndex key) {
      if (const Binding* binding = plan.find(key, m)) see(*binding, key, m);
    };
    if (keys.empty()) give(policy::none);
    for (const policy::KeyIndex key : keys) give(key);
  }
}

void copy(const Group& from_group, const Cooldown& from, Cooldown& to) {
  if (!from.on()) return;
  // The lock of the one that is in use; nobody knows the copy yet.
  const std::lock_guard lock(const_cast<Group&>(from_group).mutex);
  to.take_over(from);
}

}  // namespace

void Window::become(const Window& other, Now ended) noexcept {
  in_ = other.in_;
  if (parts_ != nullptr && other.parts_ != nullptr) *parts_ = *other.parts_;
  if (wall_ != nullptr && other.wall_ != nullptr) *wall_ = *other.wall_;
  limit_ = other.limit_;
  early_ = 0;
  low_ = in_.epoch;
  open_ = burst_ = 0;
  spend_what_is_held(ended);
}

base::Result<Image> Ledger::image(const Plan& plan, Now given) const {
  Image out;
  out.ledger = std::make_unique<Ledger>();
  out.ledger->offset_ = offset_;
  auto bound = out.ledger->bind(plan.shared_policy());
  if (!bound) return bound.error();
  out.plan = std::move(*bound);
  const Now now = in_ledger_time(given);
  const auto& from = static_cast<const BoundPlan&>(plan);
  const auto& to = static_cast<const BoundPlan&>(*out.plan);
  for (std::size_t i = 0; i < from.rows().size(); ++i) {
    const RowSource& row = from.rows()[i];
    const std::lock_guard lock(row.group->mutex);
    to.rows()[i].slot.window->become(*row.slot.window, now);
  }
  each_binding(from, [&](const Binding& a, policy::KeyIndex key, policy::ModelIndex model) {
    const Binding& b = *to.find(key, model);
    copy(*a.key, a.key->cooldown, b.key->cooldown);
    copy(*a.model, a.model->cooldown, b.model->cooldown);
    copy(*a.provider, a.provider->cooldown, b.provider->cooldown);
    copy(*a.key, a.pair->cooldown, b.pair->cooldown);
  });
  return out;
}

std::vector<Bench> Ledger::benches(const Plan& plan, Now given) const {
  const Now now = in_ledger_time(given);
  const policy::Policy& policy = plan.policy();
  std::vector<Bench> out;
  std::vector<const Cooldown*> seen;  // groups are shared by many bindings
  each_binding(static_cast<const BoundPlan&>(plan), [&](const Binding& b, policy::KeyIndex key,
                                                        policy::ModelIndex model) {
    const policy::Model& m = policy.models[model];
    const auto look = [&](BenchScope scope, Group& group, const Cooldown& cooldown) {
      if (!cooldown.on() || std::find(seen.begin(), seen.end(), &cooldown) != seen.end()) return;
      const std::lock_guard lock(group.mutex);
      if (!cooldown.running(now)) return;
      seen.push_back(&cooldown);
      const bool of_key = scope == BenchScope::key || scope == BenchScope::key_model;
      const bool of_model = scope == BenchScope::model || scope == BenchScope::key_model;
      out.push_back({scope, policy.providers[m.provider].id,
                     of_key && key != policy::none ? policy.keys[key].label : "", of_model ? m.id : "",
                     cooldown.free_at(now), std::string(cooldown.reason())});
    };
    look(BenchScope::provider, *b.provider, b.provider->cooldown);
    look(BenchScope::key, *b.key, b.key->cooldown);
    look(BenchScope::model, *b.model, b.model->cooldown);
    look(BenchScope::key_model, *b.key, b.pair->cooldown);
  });
  return out;
}

}  // namespace freellmapi::quota
