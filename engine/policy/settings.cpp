#include "policy/settings.hpp"

#include <array>

#include "base/text.hpp"
#include "policy/address.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> kinds{"chat", "embedding", "image", "speech"};
constexpr std::array<std::string_view, 3> json_modes{"none", "object", "schema"};
constexpr std::array<std::string_view, 4> tiers{"frontier", "large", "medium", "small"};
constexpr std::uint64_t most_tokens = 1'000'000'000;
constexpr std::uint64_t most_dims = 1'000'000;

std::optional<unsigned> read_rank(const Value& value) {
  const auto number = value.whole(1, 100'000);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

ModelSettings read_model(const Value& name, const Value& value, const RuleContext& context) {
  ModelSettings out;
  out.id = name.node().text;
  out.place = name.place();
  const auto tokens = [](const Value& v) { return v.whole(1, most_tokens); };
  Fields fields(value);
  fields.text("name", out.name);
  fields.text("family", out.family);
  fields.read("kind", out.kind, [](const Value& v) -> std::optional<Kind> {
    const auto index = v.one_of(kinds);
    if (!index) return std::nullopt;
    return static_cast<Kind>(*index);
  });
  fields.read("context", out.context, tokens);
  fields.read("max_output", out.max_output, tokens);
  fields.read("max_input", out.max_input, tokens);
  fields.read("dims", out.dims, [](const Value& v) { return v.whole(1, most_dims); });
  fields.truth("tools", out.tools);
  fields.truth("vision", out.vision);
  fields.read("json", out.json, [](const Value& v) -> std::optional<Json> {
    const auto index = v.one_of(json_modes);
    if (!index) return std::nullopt;
    return static_cast<Json>(*index);
  });
  fields.truth("reasoning", out.reasoning);
  fields.truth("prefill", out.prefill);
  fields.read("rank", out.rank, read_rank);
  fields.read("speed", out.speed, read_rank);
  fields.read("tier", out.tier, [](const Value& v) -> std::optional<std::string> {
    const auto index = v.one_of(tiers);
    if (!index) return std::nullopt;
    return std::string(tiers[*index]);
  });
  fields.truth("enabled", out.enabled);
  fields.text("why_off", out.why_off);
  fields.read("since", out.since, read_date);
  fields.read("source", out.source, read_source);
  fields.read("as_of", out.as_of, read_date);
  RuleContext own = context;
  if (out.source) own.source = *out.source;
  if (out.as_of) own.as_of = *out.as_of;
  fields.read("quota", out.quota, [&](const Value& v) { return read_quota(v, own); });
  std::optional<std::string> note;
  fields.text("note", note);
  fields.close();
  return out;
}

std::optional<bool> read_bill(const Value& value, std::span<const std::string_view> words) {
  const auto index = value.one_of(words);
  if (!index) return std::nullopt;
  return *index == 1;
}

}  // namespace

std::vector<ModelSettings> read_models(const Value& value, const RuleContext& context) {
  std::vector<ModelSettings> out;
  for (const auto& [name, model] : value.entries(512)) out.push_back(read_model(name, model, context));
  return out;
}

std::vector<HostSettings> read_hosts(const Value& value) {
  std::vector<HostSettings> out;
  for (const auto& [name, url] : value.entries(max_hosts)) {
    if (!is_name(name.node().text)) {
      name.fault("a host's name has 1 to 64 characters a-z, 0-9 and '-'");
    } else if (auto text = read_base_url(url)) {
      out.push_back({name.node().text, std::move(*text), url.path(), url.place()});
    }
  }
  return out;
}

std::optional<TimeoutSettings> read_timeouts(const Value& value) {
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  TimeoutSettings out;
  fields.duration("connect", out.connect, 1ms, 10min);
  fields.duration("first_byte", out.first_byte, 1ms, 1h);
  fields.duration("idle", out.idle, 1ms, 1h);
  fields.duration("total", out.total, 1ms, 24h);
  fields.close();
  return out;
}

std::optional<BillingSettings> read_billing(const Value& value) {
  constexpr std::array<std::string_view, 2> failed{"none", "requests"};
  constexpr std::array<std::string_view, 3> made{"none", "all", "input"};
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  BillingSettings out;
  std::optional<bool> cut;
  fields.read("failed", out.failed_counts_request, [&](const Value& v) { return read_bill(v, failed); });
  fields.read("cancelled", out.cancelled_counts_output, [&](const Value& v) { return read_bill(v, made); });
  fields.read("cut", cut, [&](const Value& v) { return read_bill(v, made); });
  // The ledger knows one figure for both ends; the dearer one keeps it inside the limit.
  if (cut) out.cancelled_counts_output = *cut || out.cancelled_counts_output.value_or(false);
  fields.close();
  return out;
}

void apply(const ModelSettings& settings, Model& model) {
  const auto set = [](auto& to, const auto& from) {
    if (from) to = *from;
  };
  set(model.name, settings.name);
  set(model.kind, settings.kind);
  set(model.json, settings.json);
  set(model.tier, settings.tier);
  set(model.tools, settings.tools);
  set(model.vision, settings.vision);
  set(model.reasoning, settings.reasoning);
  set(model.prefill, settings.prefill);
  set(model.context, settings.context);
  set(model.max_output, settings.max_output);
  set(model.max_input, settings.max_input);
  set(model.dims, settings.dims);
  set(model.source, settings.source);
  set(model.as_of, settings.as_of);
  set(model.rank, settings.rank);
  set(model.speed, settings.speed);
  set(model.enabled, settings.enabled);
  if (settings.family) model.family = base::to_lower(*settings.family);
  set(model.since, settings.since);
  if (settings.why_off) model.why_off = why_off_text(*settings.why_off, settings.since.value_or(""));
  if (model.enabled) model.why_off.clear(), model.since.clear();
  if (settings.quota) apply(*settings.quota, model.quota);
}

void apply(const TimeoutSettings& settings, Timeouts& timeouts) {
  timeouts.connect = settings.connect.value_or(timeouts.connect);
  timeouts.first_byte = settings.first_byte.value_or(timeouts.first_byte);
  timeouts.idle = settings.idle.value_or(timeouts.idle);
  timeouts.total = settings.total.value_or(timeouts.total);
}

void apply(const BillingSettings& settings, Billing& billing) {
  billing.failed_counts_request = settings.failed_counts_request.value_or(billing.failed_counts_request);
  billing.cancelled_counts_output =
      settings.cancelled_counts_output.value_or(billing.cancelled_counts_output);
}

std::string why_off_text(const std::string& why, const std::string& since) {
  if (since.empty()) return why;
  return (why.empty() ? "off" : why) + " (since " + since + ")";
}

}  // namespace freellmapi::policy
