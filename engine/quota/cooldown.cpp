#include <mutex>

#include "quota/ledger.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {
namespace {

/// The cooldown a scope means and the group that guards it.
struct Place {
  Group* group = nullptr;
  Cooldown* cooldown = nullptr;
};

Place place_of(const Binding& binding, BenchScope scope) noexcept {
  switch (scope) {
    case BenchScope::key_model:
      return {binding.key, &binding.pair->cooldown};
    case BenchScope::key:
      return {binding.key, &binding.key->cooldown};
    case BenchScope::model:
      return {binding.model, &binding.model->cooldown};
    case BenchScope::provider:
      return {binding.provider, &binding.provider->cooldown};
  }
  return {};
}

}  // namespace

void Ledger::bench(const Plan& plan, BenchScope scope, policy::KeyIndex key, policy::ModelIndex model,
                   base::WallTime until, std::string_view reason, Now given) {
  const Binding* binding = static_cast<const BoundPlan&>(plan).find(key, model);
  if (binding == nullptr || until <= given.wall) return;
  const Now now = in_ledger_time(given);
  const Place place = place_of(*binding, scope);
  const std::lock_guard lock(place.group->mutex);
  Cooldown& cooldown = *place.cooldown;
  if (cooldown.on() && cooldown.running(now) && cooldown.free_at(now) >= until) {
    cooldown.said_again(now.steady);
    return;
  }
  cooldown.start(now.steady, now.steady + (until - now.wall), until, reason);
}

void Ledger::recovered(const Reservation& reservation) {
  if (!reservation) return;
  const Binding& b = *reservation.binding_;
  if (!b.pair->cooldown.on() && !b.key->cooldown.on() && !b.model->cooldown.on()) return;
  for (const BenchScope scope : {BenchScope::key_model, BenchScope::key, BenchScope::model}) {
    const Place place = place_of(b, scope);
    if (!place.cooldown->on()) continue;
    const std::lock_guard lock(place.group->mutex);
    if (place.cooldown->said() < reservation.at_.steady) place.cooldown->end();
  }
}

}  // namespace freellmapi::quota
