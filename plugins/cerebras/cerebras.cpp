// Cerebras: OpenAI's wire with closed objects, flat errors and a limiter that reserves max_completion_tokens
// up front.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <freellmapi/openai_tools.hpp>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

constexpr sdk::MemberRule members[] = {
    // In the SDK's types, but the service answers 400.
    sdk::drop("frequency_penalty"),     sdk::drop("presence_penalty"), sdk::drop("logit_bias"),
    sdk::clamp("temperature", 0, 1.5),  sdk::keep("clear_thinking"),   sdk::keep("disable_reasoning"),
    sdk::keep("min_completion_tokens"), sdk::keep("min_tokens"),       sdk::keep("prediction"),
    sdk::keep("reasoning_format"),      sdk::keep("service_tier")};

// One code stands for every window: the sentence tells which.
constexpr sdk::ErrorRow limit_row(std::string_view text, std::uint32_t error_class, std::uint32_t window,
                                  std::uint32_t unit) {
  return {.status = {429},
          .text = text,
          .error_class = error_class,
          .scope = FREELLM_SCOPE_KEY_MODEL,
          .window = window,
          .unit = unit};
}

constexpr sdk::ErrorRow errors[] = {
    {.status = {400},
     .text = "current length is {requested} while limit is {limit}",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .code = "context_length_exceeded", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {401}, .code = "wrong_api_key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {404}, .code = "model_not_found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // The crowd, not our quota.
    {.status = {429},
     .code = "queue_exceeded",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    limit_row("tokens per minute limit exceeded", FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_MINUTE,
              FREELLM_UNIT_TOKENS),
    limit_row("tokens per hour limit exceeded", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_HOUR,
              FREELLM_UNIT_TOKENS),
    limit_row("tokens per day limit exceeded", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_DAY,
              FREELLM_UNIT_TOKENS),
    limit_row("requests per minute limit exceeded", FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_MINUTE,
              FREELLM_UNIT_REQUESTS),
    limit_row("requests per hour limit exceeded", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_HOUR,
              FREELLM_UNIT_REQUESTS),
    limit_row("requests per day limit exceeded", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_DAY,
              FREELLM_UNIT_REQUESTS),
    {.status = {429},
     .code = "token_quota_exceeded",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .code = "request_quota_exceeded",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .unit = FREELLM_UNIT_REQUESTS},
};

// Limits hold for the organization, for each model by itself.
constexpr sdk::LimitHeaders limits[] = {
    {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_MINUTE, FREELLM_SCOPE_KEY_MODEL,
     "x-ratelimit-limit-requests-minute", "x-ratelimit-remaining-requests-minute",
     "x-ratelimit-reset-requests-minute"},
    {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_HOUR, FREELLM_SCOPE_KEY_MODEL, "x-ratelimit-limit-requests-hour",
     "x-ratelimit-remaining-requests-hour", "x-ratelimit-reset-requests-hour"},
    {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY_MODEL, "x-ratelimit-limit-requests-day",
     "x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"},
    {FREELLM_UNIT_TOKENS, FREELLM_WINDOW_MINUTE, FREELLM_SCOPE_KEY_MODEL, "x-ratelimit-limit-tokens-minute",
     "x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"},
    {FREELLM_UNIT_TOKENS, FREELLM_WINDOW_HOUR, FREELLM_SCOPE_KEY_MODEL, "x-ratelimit-limit-tokens-hour",
     "x-ratelimit-remaining-tokens-hour", "x-ratelimit-reset-tokens-hour"},
    {FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY_MODEL, "x-ratelimit-limit-tokens-day",
     "x-ratelimit-remaining-tokens-day", "x-ratelimit-reset-tokens-day"}};

constexpr sdk::OpenAiDialect dialect = {
    .key_prefix = "csk-",
    .key_min_length = 20,
    .members = members,
    .max_tokens_name = "max_completion_tokens",
    .messages = {.reasoning = sdk::MessageRules::Reasoning::as_reasoning, .flatten_text_parts = true},
    .errors = errors,
    .limits = limits};

bool glm(std::string_view model) { return model.find("glm") != model.npos; }
bool no_thinking(std::string_view asked) { return asked == "\"none\"" || asked == "\"minimal\""; }

/// Strict mode refuses keywords that only narrow a value. Without them the schema still has its shape. False
/// when the schema cannot be strict at all.
bool fit_for_strict(json::value& schema, bool& changed) {
  constexpr int deepest = 5;
  bool fits = schema.is_object() && !schema.get_object().contains("anyOf");
  sdk::each_schema(schema, [&](const json::object& object, int depth) {
    const json::value* const closed = object.if_contains("additionalProperties");
    if (object.contains("properties") && (closed == nullptr || *closed != json::value(false))) fits = false;
    if (depth > deepest) fits = false;
    if (!sdk::string_at(object, "$ref").empty() && !sdk::string_at(object, "$ref").starts_with('#'))
      fits = false;
  });
  if (fits)
    changed = sdk::erase_keywords(schema, {"pattern", "format", "minItems", "maxItems", "minLength",
                                           "maxLength", "minimum", "maximum"}) ||
              changed;
  return fits;
}

/// True when `tools` differs from what the client wrote. All tools of one request must be equally strict.
bool settle_tools(json::array& tools) {
  bool changed = sdk::close_tools(tools);
  bool all = true, any = false;
  for (json::value& tool : tools) {
    json::object* const function = sdk::function_of(tool);
    if (function == nullptr) continue;
    const json::value* const said = function->if_contains("strict");
    const bool strict = said != nullptr && *said == json::value(true);
    any = any || said != nullptr;
    json::value* const parameters = function->if_contains("parameters");
    all = all && strict && parameters != nullptr && fit_for_strict(*parameters, changed);
  }
  if (all || !any) return changed;
  for (json::value& tool : tools)
    if (json::object* const function = sdk::function_of(tool)) function->erase("strict");
  return true;
}

bool settle_format(json::object& format) {
  bool changed = sdk::close_response_format(format);
  json::value* const inner = format.if_contains("json_schema");
  if (inner == nullptr || !inner->is_object()) return changed;
  json::object& described = inner->get_object();
  const json::value* const strict = described.if_contains("strict");
  json::value* const schema = described.if_contains("schema");
  if (strict == nullptr || *strict != json::value(true) || schema == nullptr) return changed;
  if (fit_for_strict(*schema, changed)) return changed;
  described["strict"] = false;
  return true;
}

class Cerebras final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "cerebras";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Cerebras() : OpenAiProvider(dialect) {}

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name == "reasoning_effort") return effort(call, text, replacement);
    if (name == "reasoning_format" || name == "disable_reasoning" || name == "clear_thinking")
      return call.model_can(FREELLM_MODEL_REASONING) ? sdk::Edit::none : sdk::Edit::drop;
    if (name == "top_logprobs") return call.find("logprobs") == "true" ? sdk::Edit::none : sdk::Edit::drop;
    const bool tools = name == "tools" && call.has(FREELLM_CALL_TOOLS);
    const bool format = name == "response_format" &&
                        (call.has(FREELLM_CALL_JSON_OBJECT) || call.has(FREELLM_CALL_JSON_SCHEMA));
    if (!tools && !format) return sdk::Edit::none;
    // Tools beside structured output are refused here and served elsewhere.
    if (format && call.has(FREELLM_CALL_TOOLS)) throw sdk::Failure{FREELLM_E_INVALID};
    auto value = sdk::parse_json(text);
    if (!value || !(tools ? value->is_array() : value->is_object())) throw sdk::Failure{FREELLM_E_INVALID};
    if (!(tools ? settle_tools(value->get_array()) : settle_format(value->get_object())))
      return sdk::Edit::none;
    replacement = json::serialize(*value);
    return sdk::Edit::replace;
  }

 private:
  static sdk::Edit effort(const sdk::Call& call, std::string_view asked, std::string& replacement) {
    if (!call.model_can(FREELLM_MODEL_REASONING)) return sdk::Edit::drop;
    if (asked == "\"low\"" || asked == "\"medium\"" || asked == "\"high\"") return sdk::Edit::none;
    // The GLM family alone can be kept from thinking; its disable_reasoning ended on 2026-07-21.
    const std::string_view least = glm(call.model()) ? "\"none\"" : "\"low\"";
    replacement = no_thinking(asked) ? least : "\"high\"";
    return sdk::Edit::replace;
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Cerebras);
