#include <mutex>

#include "quota/amounts.hpp"
#include "quota/ledger.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {

std::vector<Row> Ledger::rows(const Plan& plan, Now given) const {
  const Now now = in_ledger_time(given);
  const auto& bound = static_cast<const BoundPlan&>(plan);
  const policy::Policy& policy = plan.policy();
  std::vector<Row> rows;
  rows.reserve(bound.rows().size());
  for (const RowSource& source : bound.rows()) {
    Row row;
    row.provider = policy.providers[source.provider].id;
    if (source.key != policy::none) row.key = policy.keys[source.key].label;
    if (source.model != policy::none) row.model = policy.models[source.model].id;
    row.rule = source.slot.rule;
    Window& window = *source.slot.window;
    {
      const std::lock_guard lock(source.group->mutex);
      row.resets_at = window.resets_at(now);
      row.used = in_units(window.used(), *row.rule);
      row.reserved = in_units(window.reserved(), *row.rule);
      row.limit = in_units(window.limit(), *row.rule);
      row.stated = window.stated(now);
      row.stated.limit = in_units(row.stated.limit, *row.rule);
      row.stated.others = in_units(row.stated.others, *row.rule);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace freellmapi::quota
