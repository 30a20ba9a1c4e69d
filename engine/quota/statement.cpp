#include "quota/amounts.hpp"
#include "quota/ledger.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {
namespace {

std::uint64_t capped_product(std::uint64_t amount, std::uint64_t parts) noexcept {
  return amount > highest_limit / parts ? highest_limit : amount * parts;
}

}  // namespace

void Ledger::state(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model,
                   const Statement& statement, Now given) {
  const Now now = in_ledger_time(given);
  const auto& bound = static_cast<const BoundPlan&>(plan);
  const Binding* binding = bound.find(key, model);
  if (binding == nullptr) return;
  const Locked locked(bound.locks(*binding));
  // A provider speaks of one window, and of the model's own before the account's: the first that fits is
  // meant.
  for (const Slot& slot : bound.slots(*binding)) {
    if (slot.rule->of != statement.of) continue;
    if (statement.of != policy::Unit::concurrency && slot.rule->per != statement.per) continue;
    Statement counted = statement;
    const std::uint64_t parts = slot.rule->parts();
    if (counted.limit) *counted.limit = capped_product(*counted.limit, parts);
    if (counted.remaining) *counted.remaining = capped_product(*counted.remaining, parts);
    slot.window->state(counted, now);
    return;
  }
}

std::uint64_t Ledger::pressure(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model,
                               Now given) const {
  const Now now = in_ledger_time(given);
  const auto& bound = static_cast<const BoundPlan&>(plan);
  const Binding* binding = bound.find(key, model);
  if (binding == nullptr) return 0;
  const Locked locked(bound.locks(*binding));
  std::optional<std::uint64_t> least;
  for (const Slot& slot : bound.slots(*binding)) {
    const auto pressure = slot.window->pressure(now);
    if (pressure && (!least || *pressure < *least)) least = pressure;
  }
  return least.value_or(0);
}

std::uint64_t Ledger::headroom(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model,
                               Now given) const {
  const Now now = in_ledger_time(given);
  const auto& bound = static_cast<const BoundPlan&>(plan);
  std::uint64_t least = 1'000'000;
  const Binding* binding = bound.find(key, model);
  if (binding == nullptr) return 0;
  const Locked locked(bound.locks(*binding));
  for (const Slot& slot : bound.slots(*binding)) least = std::min(least, slot.window->headroom(now));
  return least;
}

bool Ledger::surplus(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, const Need& need,
                     Now given) const {
  const Now now = in_ledger_time(given);
  const auto& bound = static_cast<const BoundPlan&>(plan);
  const Binding* binding = bound.find(key, model);
  if (binding == nullptr) return false;
  const Locked locked(bound.locks(*binding));
  bool any = false;
  for (const Slot& slot : bound.slots(*binding)) {
    const auto left = slot.window->surplus(amount_of(slot.of, need), now);
    if (left && !*left) return false;
    any = any || left;
  }
  return any;
}

}  // namespace freellmapi::quota
