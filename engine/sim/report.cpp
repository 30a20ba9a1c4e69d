#include "sim/report.hpp"

#include <fmt/chrono.h>

#include <algorithm>

#include "base/json_object.hpp"

namespace freellmapi::sim {
namespace {

using base::append_item;
using base::JsonObject;

// Shorter windows are full and free again all the time.
constexpr std::chrono::seconds worth_telling = std::chrono::hours{1};

std::string time(base::WallTime at) {
  return fmt::format("\"{:%FT%TZ}\"", std::chrono::floor<std::chrono::seconds>(at));
}

std::string hour_json(const policy::Policy& policy, const Hour& hour, bool with_start) {
  JsonObject out, providers, tiers;
  for (std::size_t i = 0; i < hour.by_provider.size(); ++i)
    if (hour.by_provider[i] > 0)
      providers.raw(base::json_string(policy.providers[i].id).substr(1, policy.providers[i].id.size()),
                    std::to_string(hour.by_provider[i]));
  for (std::size_t i = 0; i < hour.by_tier.size(); ++i)
    if (hour.by_tier[i] > 0) tiers.count(tier_names[i], hour.by_tier[i]);
  if (with_start) out.raw("start", time(hour.start));
  return out.count("arrived", hour.arrived)
      .count("served", hour.served)
      .count("waited", hour.waited)
      .count("refused", hour.refused)
      .raw("providers", providers.take())
      .raw("tiers", tiers.take())
      .take();
}

std::string exhaustions_json(const policy::Policy& policy, const Outcome& outcome) {
  std::string list;
  for (const Exhaustion& e : outcome.exhaustions) {
    if (e.rule->length < worth_telling) continue;
    const policy::Model& model = policy.models[e.model];
    append_item(list, JsonObject()
                          .text("provider", policy.providers[model.provider].id)
                          .text("model", model.id)
                          .text("key", e.key == policy::none ? "" : policy.keys[e.key].label)
                          .text("rule", e.rule->label)
                          .raw("at", time(e.first))
                          .raw("back_at", time(e.back))
                          .count("requests", e.requests)
                          .take());
  }
  return "[" + list + "]";
}

JsonObject report(const policy::Policy& policy, const Outcome& outcome) {
  std::string hours;
  for (const Hour& hour : outcome.hours) append_item(hours, hour_json(policy, hour, true));
  JsonObject out;
  out.text("policy_version", policy.version)
      .raw("total", hour_json(policy, outcome.total, false))
      .raw("first_refusal", outcome.first_refusal ? time(*outcome.first_refusal) : "null")
      .raw("exhaustions", exhaustions_json(policy, outcome));
  if (outcome.recorded > 0)
    out.raw("recorded",
            JsonObject().count("routes", outcome.recorded).count("same", outcome.as_recorded).take());
  out.raw("digest", fmt::format("\"{:016x}\"", outcome.digest)).raw("hours", "[" + hours + "]");
  return out;
}

std::string signed_difference(std::uint64_t now, std::uint64_t before) {
  return std::to_string(static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before));
}

}  // namespace

std::string report_json(const policy::Policy& policy, const Outcome& outcome) {
  return report(policy, outcome).take();
}

std::string difference_json(const policy::Policy& policy, const Outcome& outcome,
                            const policy::Policy& old_policy, const Outcome& old_outcome) {
  std::uint64_t other_routes = 0;
  const std::size_t requests = std::min(outcome.routes.size(), old_outcome.routes.size());
  for (std::size_t i = 0; i < requests; ++i)
    if (outcome.routes[i] != old_outcome.routes[i]) ++other_routes;
  const auto between = [](const Hour& now, const Hour& before) {
    return JsonObject()
        .raw("served", signed_difference(now.served, before.served))
        .raw("waited", signed_difference(now.waited, before.waited))
        .raw("refused", signed_difference(now.refused, before.refused));
  };
  std::string hours;
  for (std::size_t i = 0; i < std::min(outcome.hours.size(), old_outcome.hours.size()); ++i) {
    const Hour &now = outcome.hours[i], &before = old_outcome.hours[i];
    if (now.served == before.served && now.waited == before.waited && now.refused == before.refused) continue;
    append_item(hours, between(now, before).raw("start", time(now.start)).take());
  }
  return report(policy, outcome)
      .raw("old", report(old_policy, old_outcome).take())
      .raw("difference", between(outcome.total, old_outcome.total)
                             .count("other_routes", other_routes)
                             .raw("hours", "[" + hours + "]")
                             .take())
      .take();
}

}  // namespace freellmapi::sim
