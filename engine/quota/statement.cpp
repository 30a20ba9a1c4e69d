#include "quota/ledger.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {

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
    slot.window->state(statement, now);
    return;
  }
}

}  // namespace freellmapi::quota
