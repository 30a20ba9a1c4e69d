#include <freellmapi/durations.hpp>
#include <freellmapi/gateway.hpp>
#include <freellmapi/json.hpp>
#include <optional>
#include <utility>

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

constexpr std::string_view handed_on = "provider returned error";
constexpr std::int64_t upstream_wait_ms = 30'000;

/// The metadata of the error, wherever the error stands.
const json::object* metadata_of(const json::value& body) {
  const json::object* const root = body.if_object();
  const json::object* const error = root == nullptr ? nullptr : object_at(*root, "error");
  return error == nullptr ? nullptr : object_at(*error, "metadata");
}

/// A header inside the metadata; the case of its name does not count.
std::string header_at(const json::object& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers) {
    const std::string_view given = name;
    if (given.size() != lower_name.size() || !detail::starts_ignoring_case(given, lower_name)) continue;
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_number()) return json::serialize(value);
  }
  return {};
}

void read_limits_of(const json::object& metadata, ErrorFacts& facts) {
  if (const std::string_view source = string_at(metadata, "limit_source"); !source.empty())
    facts.type = source;
  const json::value* const reasons = metadata.if_contains("reasons");
  const bool named = reasons != nullptr && reasons->is_array() && !reasons->get_array().empty();
  if (named || !string_at(metadata, "flagged_input").empty()) facts.type = "moderation";
  const json::object* const headers = object_at(metadata, "headers");
  if (headers == nullptr || !facts.retry.empty()) return;
  facts.retry = header_at(*headers, "retry-after");
  if (facts.retry.empty()) facts.retry = header_at(*headers, "x-ratelimit-reset");
}

/// The server's own words; it may be a gateway itself.
void read_raw(const json::object& metadata, ErrorFacts& facts) {
  const json::value* const raw = metadata.if_contains("raw");
  if (raw == nullptr || raw->is_null()) return;
  ErrorFacts inner =
      read_error(400, raw->is_string() ? std::string(raw->get_string()) : json::serialize(*raw));
  if (inner.message.empty() && inner.code.empty()) return;
  if (matches(handed_on, inner.message)) unwrap_gateway_error(inner);
  if (!inner.message.empty()) facts.message = std::move(inner.message);
  if (!inner.code.empty()) facts.code = std::move(inner.code);
  facts.type = std::move(inner.type);
  facts.param = std::move(inner.param);
  if (facts.retry.empty()) facts.retry = std::move(inner.retry);
}

/// Epoch milliseconds; nothing when the text is no such time.
std::optional<std::int64_t> epoch_ms(std::string_view text) {
  const auto number = detail::take_decimal(text);
  if (!number || !text.empty() || number->whole < 1'000'000'000'000) return std::nullopt;
  return number->whole;
}

}  // namespace

void unwrap_gateway_error(ErrorFacts& facts) {
  const auto body = parse_json(facts.body);
  const json::object* const metadata = body ? metadata_of(*body) : nullptr;
  const bool passed_on = matches(handed_on, facts.message);
  facts.passed_on = facts.passed_on || passed_on;
  if (metadata == nullptr) return;
  read_limits_of(*metadata, facts);
  if (passed_on) read_raw(*metadata, facts);
}

Edit GatewayProvider::edit_member(const Call& call, std::string_view name, std::string_view,
                                  std::string&) const {
  // Two ways to say the same; both at once are refused.
  return name == "reasoning_effort" && call.find("reasoning") ? Edit::drop : Edit::none;
}

void GatewayProvider::edit_error(ErrorFacts& facts) const { unwrap_gateway_error(facts); }

void GatewayProvider::edit_outcome(const ErrorFacts& facts, const Headers&, OutcomeOut& out) const {
  freellm_outcome& o = out.raw();
  // A parser has no clock, so a time of day inside a 200 was not read yet.
  if (facts.in_success && o.reset_unix_ms < 0) o.reset_unix_ms = epoch_ms(facts.retry).value_or(-1);
  if (!facts.passed_on) return;
  switch (o.error_class) {
    case FREELLM_C_RATE_LIMITED:
    case FREELLM_C_QUOTA_EXHAUSTED:
      out.sort(FREELLM_C_OVERLOADED, true, FREELLM_SCOPE_MODEL);
      out.window(FREELLM_WINDOW_UNKNOWN, FREELLM_UNIT_UNKNOWN);
      if (o.retry_after_ms < 0) o.retry_after_ms = upstream_wait_ms;
      break;
    case FREELLM_C_AUTH_INVALID:
    case FREELLM_C_AUTH_FORBIDDEN:
    case FREELLM_C_PAYMENT_REQUIRED:
    case FREELLM_C_MODEL_NOT_FOUND:
    case FREELLM_C_MODEL_GONE:
    case FREELLM_C_MODEL_FORBIDDEN:
    case FREELLM_C_PROVIDER_BLOCKED:
      out.sort(FREELLM_C_MODEL_UNAVAILABLE, false, FREELLM_SCOPE_MODEL);
      break;
    default:
      break;
  }
}

void GatewayProvider::add_limits(const Headers& head, std::int64_t now_unix_ms, WindowsOut& out) const {
  const auto limit = head.number("x-ratelimit-limit"), remaining = head.number("x-ratelimit-remaining");
  std::int64_t reset = -1;
  if (const auto text = head.find("x-ratelimit-reset"))
    if (const auto wait = parse_wait(*text, now_unix_ms)) reset = wait->from_now.count();
  // The minute's limit of an account is 20, the smallest of a day 50.
  const bool day = reset > 60'000 || (limit && *limit > 20);
  out.add(FREELLM_UNIT_REQUESTS, day ? FREELLM_WINDOW_DAY : FREELLM_WINDOW_MINUTE, FREELLM_SCOPE_ACCOUNT,
          limit, remaining, reset);
}

}  // namespace freellmapi::sdk
