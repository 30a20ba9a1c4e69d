#include "policy/settings.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "policy/address.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> tiers{"frontier", "large", "medium", "small"};
constexpr std::uint64_t most_tokens = 1'000'000'000;
constexpr std::uint64_t most_dims = 1'000'000;

std::optional<unsigned> read_rank(const Value& value) {
  const auto number = value.whole(1, 100'000);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

/// A number with at most three decimals, in thousandths.
std::optional<std::uint64_t> read_thousandths(const Value& value) {
  const auto text = value.text(32);
  if (!text) return std::nullopt;
  const std::size_t point = std::min(text->find('.'), text->size());
  std::string digits = text->substr(0, point);
  std::string decimals = point < text->size() ? text->substr(point + 1) : "0";
  const bool sound = !digits.empty() && digits.size() <= 12 && !decimals.empty() && decimals.size() <= 3 &&
                     (digits + decimals).find_first_not_of("0123456789") == std::string::npos;
  if (!sound) {
    value.wrong("a number with at most three decimals");
    return std::nullopt;
  }
  decimals.resize(3, '0');
  return std::stoull(digits + decimals);
}

std::optional<Price> read_price(const Value& value) {
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  Price out;
  fields.read("request", out.per_request, read_thousandths);
  fields.read("input", out.per_million_input, read_thousandths);
  fields.read("output", out.per_million_output, read_thousandths);
  fields.close();
  return out;
}

ModelSettings read_model(const Value& name, const Value& value, const RuleContext& context) {
  ModelSettings out;
  out.id = name.node().text;
  out.place = name.place();
  const auto tokens = [](const Value& v) { return v.whole(1, most_tokens); };
  Fields fields(value);
  fields.text("name", out.name);
  fields.text("family", out.family);
  fields.read("kind", out.kind, read_word<Kind::chat, Kind::embedding, Kind::image, Kind::speech>);
  fields.read("context", out.context, tokens);
  fields.read("max_output", out.max_output, tokens);
  fields.read("max_input", out.max_input, tokens);
  fields.read("dims", out.dims, [](const Value& v) { return v.whole(1, most_dims); });
  fields.truth("tools", out.tools);
  fields.truth("vision", out.vision);
  fields.read("json", out.json, read_word<Json::text, Json::object, Json::schema>);
  fields.truth("reasoning", out.reasoning);
  fields.truth("reasoning_back", out.reasoning_back);
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
  fields.read("cost", out.price, read_price);
  fields.read("quota", out.quota, [&](const Value& v) { return read_quota(v, own); });
  std::optional<std::string> note;
  fields.text("note", note);
  fields.close();
  return out;
}

constexpr std::array<std::string_view, 3> parts{"none", "input", "all"};

std::optional<Billing::Part> read_part(const Value& value) {
  const auto index = value.one_of(parts);
  if (!index) return std::nullopt;
  return static_cast<Billing::Part>(*index);
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
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  BillingSettings out;
  fields.read("failed", out.failed_counts_request, [&](const Value& v) -> std::optional<bool> {
    const auto index = v.one_of(failed);
    if (!index) return std::nullopt;
    return *index == 1;
  });
  fields.read("cancelled", out.cancelled, read_part);
  fields.read("cut", out.cut, read_part);
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
  if (settings.price) model.price = settings.price;
  set(model.tools, settings.tools);
  set(model.vision, settings.vision);
  set(model.reasoning, settings.reasoning);
  set(model.reasoning_back, settings.reasoning_back);
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
  billing.cancelled = settings.cancelled.value_or(billing.cancelled);
  billing.cut = settings.cut.value_or(billing.cut);
}

std::string why_off_text(const std::string& why, const std::string& since) {
  if (since.empty()) return why;
  return (why.empty() ? "off" : why) + " (since " + since + ")";
}

std::string_view name(Billing::Part part) noexcept { return parts[static_cast<std::size_t>(part)]; }

}  // namespace freellmapi::policy
