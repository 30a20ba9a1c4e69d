// What policy.yaml and manifests both say about a provider and its models, before one is laid over the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "policy/reader.hpp"
#include "policy/rules.hpp"

namespace freellmapi::policy {

/// What is not said stays empty.
struct ModelSettings {
  std::string id;
  Place place;
  std::optional<std::string> name, family, tier, why_off, since, source, as_of;
  std::optional<Kind> kind;
  std::optional<Json> json;
  std::optional<bool> tools, vision, reasoning, reasoning_back, prefill, enabled;
  std::optional<std::uint64_t> context, max_output, max_input, dims;
  std::optional<unsigned> rank, speed;
  std::optional<QuotaSettings> quota;
  std::optional<Price> price;
};

/// A further base URL; a literal local host is not refused yet.
struct HostSettings {
  std::string name, url;
  std::string path;
  Place place;
};

struct TimeoutSettings {
  std::optional<std::chrono::milliseconds> connect, first_byte, idle, total;
};

struct BillingSettings {
  std::optional<bool> failed_counts_request;
  std::optional<Billing::Part> cancelled, cut;
};

std::vector<ModelSettings> read_models(const Value& value, const RuleContext& context);
std::vector<HostSettings> read_hosts(const Value& value);
std::optional<TimeoutSettings> read_timeouts(const Value& value);
std::optional<BillingSettings> read_billing(const Value& value);

void apply(const ModelSettings& settings, Model& model);
void apply(const TimeoutSettings& settings, Timeouts& timeouts);
void apply(const BillingSettings& settings, Billing& billing);

/// "why (since 2026-04-01)"; what is empty is left out.
std::string why_off_text(const std::string& why, const std::string& since);

}  // namespace freellmapi::policy
