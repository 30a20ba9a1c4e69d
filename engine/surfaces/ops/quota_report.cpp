#include "surfaces/ops/quota_report.hpp"

#include <algorithm>

#include "base/json_object.hpp"
#include "surfaces/ops/budget.hpp"
#include "surfaces/ops/time_text.hpp"

namespace freellmapi::surfaces {
namespace {

using base::append_item;
using base::JsonObject;

std::string_view unit_name(const policy::Rule& rule) {
  switch (rule.of) {
    case policy::Unit::requests:
      return "requests";
    case policy::Unit::tokens:
      return "tokens";
    case policy::Unit::input_tokens:
      return "input_tokens";
    case policy::Unit::output_tokens:
      return "output_tokens";
    case policy::Unit::concurrency:
      return "concurrency";
    case policy::Unit::own:
      return rule.own_unit;
  }
  return {};
}

/// What the provider has said of the window, and how long ago; null: nothing since the process began.
std::string stated_json(const quota::Stated& stated, base::WallTime now) {
  if (!stated.at && stated.limit == 0) return "null";
  JsonObject out;
  out.known("limit", stated.limit).count("others_spent", stated.others);
  if (!stated.at) return out.raw("at", "null").raw("age_seconds", "null").take();
  const auto age =
      std::max<std::int64_t>(std::chrono::floor<std::chrono::seconds>(now - *stated.at).count(), 0);
  return out.raw("at", json_time(*stated.at)).raw("age_seconds", std::to_string(age)).take();
}

std::string row_json(const quota::Row& row, base::WallTime now) {
  const policy::Rule& rule = *row.rule;
  return JsonObject()
      .text("provider", row.provider)
      .text("key", row.key)
      .text("model", row.model)
      .text("rule", rule.label)
      .text("of", unit_name(rule))
      .text("pool", rule.pool)
      .count("used", row.used)
      .count("reserved", row.reserved)
      .count("limit", row.limit)
      .raw("resets_at", row.resets_at ? json_time(*row.resets_at) : "null")
      .text("source", row.limit == rule.limit ? rule.source : "stated by the provider")
      .text("as_of", row.limit == rule.limit ? rule.as_of : "")
      .raw("stated", stated_json(row.stated, now))
      .take();
}

std::string bench_json(const quota::Bench& bench) {
  return JsonObject()
      .text("provider", bench.provider)
      .text("key", bench.key)
      .text("model", bench.model)
      .text("reason", bench.reason)
      .raw("until", json_time(bench.until))
      .take();
}

std::string month_json(const policy::Policy& policy) {
  const Budget budget = month_budget(policy, 0);
  std::string providers;
  for (const Budget::Share& share : budget.providers) {
    append_item(providers, JsonObject()
                               .text("provider", share.provider)
                               .count("tokens", share.tokens)
                               .count("uncounted_requests", share.requests)
                               .take());
  }
  return JsonObject()
      .count("tokens", budget.tokens)
      .count("uncounted_requests", budget.requests)
      .text("note",
            "a ceiling, not a promise: what the chain's limits add up to in 30 days, shared pools once; "
            "uncounted_requests are those of models whose limits count no tokens")
      .raw("providers", "[" + providers + "]")
      .take();
}

}  // namespace

std::string quota_report(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now) {
  std::string counters, cooldowns;
  for (const quota::Row& row : ledger.rows(plan, now)) append_item(counters, row_json(row, now.wall));
  for (const quota::Bench& bench : ledger.benches(plan, now)) append_item(cooldowns, bench_json(bench));
  return JsonObject()
      .raw("at", json_time_ms(now.wall))
      .text("policy_version", plan.policy().version)
      .raw("counters", "[" + counters + "]")
      .raw("cooldowns", "[" + cooldowns + "]")
      .raw("month", month_json(plan.policy()))
      .take();
}

}  // namespace freellmapi::surfaces
