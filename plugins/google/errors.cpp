#include "errors.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <freellmapi/classify.hpp>
#include <freellmapi/durations.hpp>
#include <freellmapi/json.hpp>
#include <optional>
#include <string>

#include "request.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;

constexpr sdk::ErrorRow rows[] = {
    {.status = {400, 401, 403}, .body = "\"API_KEY_INVALID\"", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {400, 401, 403},
     .text = "API key not valid|API key expired",
     .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {400, 403},
     .text = "User location is not supported|free tier is not available in",
     .error_class = FREELLM_C_PROVIDER_BLOCKED,
     .scope = FREELLM_SCOPE_PROVIDER},
    {.status = {400},
     .type = "FAILED_PRECONDITION",
     .text = "billing",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_ACCOUNT},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED, .scope = FREELLM_SCOPE_ACCOUNT},
    {.status = {400, 500},
     .text = "input token count ({requested}) exceeds the maximum number of tokens allowed ({limit})|"
             "input token count*exceeds|exceeds the maximum number of tokens",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {413}, .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400},
     .text = "thought_signature|thought signature|thoughtSignature",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "messages",
     .repair_rename = unsigned_messages},
    // Names are those of generationConfig; the repair names the member of the call that it was made from.
    {.status = {400},
     .text = "Unknown name \"thinking*generation_config|thinking is not|thinking level|thinking_level|"
             "thinking budget|thinking_budget|only works in thinking mode",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "reasoning_effort"},
    {.status = {400},
     .text = "Unknown name \"presence*generation_config",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "presence_penalty"},
    {.status = {400},
     .text = "Unknown name \"frequency*generation_config",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "frequency_penalty"},
    {.status = {400},
     .text = "frequency penalty is not enabled",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "frequency_penalty"},
    {.status = {400},
     .text = "penalty is not enabled",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "presence_penalty"},
    {.status = {400},
     .text = "Unknown name \"topK\" at 'generation_config",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "top_k"},
    {.status = {400},
     .text = "Unknown name \"seed\" at 'generation_config",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "seed"},
    {.status = {400},
     .text = "Function calling with a response mime type",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "response_format"},
    // No other name is a member of the call: without this row the general one would take it for one.
    {.status = {400}, .text = "Unknown name \"|Invalid JSON payload", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {403},
     .body = "CONSUMER_SUSPENDED|SERVICE_DISABLED|API_KEY_SERVICE_BLOCKED|API_KEY_IP_ADDRESS_BLOCKED|"
             "API_KEY_HTTP_REFERRER_BLOCKED|reported as leaked|denied access|has been suspended",
     .error_class = FREELLM_C_AUTH_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {403}, .type = "PERMISSION_DENIED", .error_class = FREELLM_C_AUTH_FORBIDDEN},
    {.status = {404},
     .text = "no longer available to new users",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {404},
     .text = "is not found for API version|is not supported for generateContent",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {429},
     .text = "Resource has been exhausted",
     .error_class = FREELLM_C_RATE_LIMITED,
     .definite = false},
    {.status = {429},
     .type = "RESOURCE_EXHAUSTED",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {499}, .error_class = FREELLM_C_NETWORK},
    {.status = {503},
     .text = "overloaded|high demand",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {503},
     .type = "UNAVAILABLE",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {500}, .type = "INTERNAL", .error_class = FREELLM_C_SERVER_ERROR},
    {.status = {504}, .type = "DEADLINE_EXCEEDED", .error_class = FREELLM_C_TIMEOUT},
};

/// One violated quota, as QuotaFailure tells it.
struct Quota {
  std::uint32_t window = FREELLM_WINDOW_UNKNOWN;
  std::uint32_t unit = FREELLM_UNIT_REQUESTS;
  bool per_model = false;
  std::optional<std::uint64_t> limit;
};

Quota read_quota(const json::object& violation) {
  const std::string_view id = sdk::string_at(violation, "quotaId");
  const std::string_view metric = sdk::string_at(violation, "quotaMetric");
  const auto says = [&](std::string_view word) {
    return sdk::matches(word, id) || sdk::matches(word, metric);
  };
  Quota quota;
  if (says("PerDay|per_day"))
    quota.window = FREELLM_WINDOW_DAY;
  else if (says("PerHour"))
    quota.window = FREELLM_WINDOW_HOUR;
  else if (says("PerMinute|per_minute"))
    quota.window = FREELLM_WINDOW_MINUTE;
  else if (says("PerSecond"))
    quota.window = FREELLM_WINDOW_SECOND;
  if (says("InputToken|input_token"))
    quota.unit = FREELLM_UNIT_INPUT_TOKENS;
  else if (says("Token"))
    quota.unit = FREELLM_UNIT_TOKENS;
  const json::object* const dimensions = sdk::object_at(violation, "quotaDimensions");
  quota.per_model = says("PerModel") || (dimensions != nullptr && dimensions->contains("model"));
  const std::string_view text = sdk::string_at(violation, "quotaValue");
  std::uint64_t limit = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), limit).ec == std::errc{}) quota.limit = limit;
  return quota;
}

/// The violated quota with the longest window; a limit of nothing goes before all.
std::optional<Quota> worst_quota(std::string_view body) {
  const auto parsed = sdk::parse_json(body);
  if (!parsed) return std::nullopt;
  const json::value* root = &*parsed;
  if (const json::array* list = root->if_array(); list != nullptr && !list->empty()) root = &list->front();
  const json::object* const outer = root->if_object();
  const json::object* const error = outer == nullptr ? nullptr : sdk::object_at(*outer, "error");
  const json::value* const details = error == nullptr ? nullptr : error->if_contains("details");
  if (details == nullptr || !details->is_array()) return std::nullopt;
  std::optional<Quota> worst;
  for (const json::value& detail : details->get_array()) {
    const json::object* const object = detail.if_object();
    const json::value* const violations = object == nullptr ? nullptr : object->if_contains("violations");
    if (violations == nullptr || !violations->is_array()) continue;
    for (const json::value& violation : violations->get_array()) {
      if (!violation.is_object() || !violation.get_object().contains("quotaId")) continue;
      const Quota quota = read_quota(violation.get_object());
      if (quota.limit == 0U) return quota;
      if (!worst || quota.window > worst->window) worst = quota;
    }
  }
  return worst;
}

/// "limit: 0" and not "limit: 05" or "limit: 0.5".
bool says_limit_zero(std::string_view text) noexcept {
  constexpr std::string_view words = "limit: 0";
  for (std::size_t at = text.find(words); at != text.npos; at = text.find(words, at + 1)) {
    const std::size_t next = at + words.size();
    if (next >= text.size()) return true;
    const bool more =
        (text[next] >= '0' && text[next] <= '9') ||
        (text[next] == '.' && next + 1 < text.size() && text[next + 1] >= '0' && text[next + 1] <= '9');
    if (!more) return true;
  }
  return false;
}

void sort_quota(const sdk::ErrorFacts& facts, std::string_view body, sdk::OutcomeOut& out) {
  const std::optional<Quota> quota = worst_quota(body);
  freellm_outcome& o = out.raw();
  if ((quota && quota->limit == 0U) || (!quota && says_limit_zero(facts.message))) {
    out.sort(FREELLM_C_MODEL_FORBIDDEN, true, FREELLM_SCOPE_KEY_MODEL);
    out.window(FREELLM_WINDOW_UNKNOWN, FREELLM_UNIT_UNKNOWN);
    o.retry_after_ms = -1;  // RetryInfo is there too and means nothing
    return;
  }
  if (!quota) {
    if (o.unit == FREELLM_UNIT_UNKNOWN && sdk::matches("input_token", facts.message))
      o.unit = FREELLM_UNIT_INPUT_TOKENS;
    return;
  }
  // Counted for each model of a project. The project is the key as far as anyone can see, hence key and
  // model.
  const std::uint32_t scope = quota->per_model ? FREELLM_SCOPE_KEY_MODEL : FREELLM_SCOPE_ACCOUNT;
  const bool long_window = quota->window >= FREELLM_WINDOW_DAY;
  out.sort(long_window ? FREELLM_C_QUOTA_EXHAUSTED : FREELLM_C_RATE_LIMITED, true, scope);
  out.window(quota->window, quota->unit);
  o.limit = quota->limit.value_or(0);
  o.used = 0;
  // A day ends at midnight in Los Angeles, which the manifest says and the host's calendar computes;
  // RetryInfo speaks of seconds even then.
  if (long_window) o.retry_after_ms = -1;
}

void sort(const sdk::ErrorFacts& facts, const sdk::Headers& head, std::string_view body,
          std::int64_t now_unix_ms, sdk::OutcomeOut& out) {
  sdk::classify(facts, head, rows, {}, now_unix_ms, out);
  if (facts.status == 429 && !facts.html) sort_quota(facts, body, out);
  if (!facts.type.empty())
    out.code(facts.type);  // the word says more than the number, which is the status again
}

}  // namespace

void sort_error(const sdk::Headers& head, std::string_view body, std::int64_t now_unix_ms,
                sdk::OutcomeOut& out) {
  sort(sdk::read_error(head.status(), body), head, body, now_unix_ms, out);
}

void sort_error_in_success(std::string_view body, sdk::OutcomeOut& out) {
  freellm_head head{};
  head.size = sizeof head;
  head.http_status = 200;
  sort(sdk::read_error(200, body), sdk::Headers(head), body, 0, out);
}

}  // namespace freellmapi::google
