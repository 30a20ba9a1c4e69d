// Groq: OpenAI's wire with a strict schema, two asymmetric header windows and reasoning said per model
// family.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;

namespace {

constexpr sdk::MemberRule members[] = {
    // 400 "property 'x' is unsupported" for these three.
    sdk::drop("logprobs"),           sdk::drop("top_logprobs"),           sdk::drop("logit_bias"),
    sdk::clamp("temperature", 0, 2), sdk::keep("service_tier"),           sdk::keep("reasoning_format"),
    sdk::keep("include_reasoning"),  sdk::keep("disable_tool_validation")};

constexpr sdk::ErrorRow errors[] = {
    {.status = {400}, .code = "model_decommissioned", .error_class = FREELLM_C_MODEL_GONE},
    // The model wrote a broken call or broken JSON: its fault, not the request's.
    {.status = {400}, .code = "tool_use_failed|json_validate_failed", .error_class = FREELLM_C_MALFORMED},
    {.status = {400}, .code = "context_length_exceeded", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .text = "reduce the length of the messages", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400},
     .text = "json mode cannot be combined with tool",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "response_format"},
    {.status = {401}, .code = "invalid_api_key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {403}, .text = "check your network settings", .error_class = FREELLM_C_PROVIDER_BLOCKED},
    {.status = {404}, .code = "model_not_found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // One request over a whole window's tokens can never be served.
    {.status = {413},
     .text = "request too large*limit {limit}, requested {requested}",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {422}, .error_class = FREELLM_C_MALFORMED, .definite = false},
    {.status = {424}, .error_class = FREELLM_C_BAD_REQUEST, .definite = false},
    {.status = {429},
     .text = "per day (TPD): limit {limit}, used {used}, requested {requested}",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .text = "per day (RPD): limit {limit}, used {used}, requested {requested}",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "per day",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_DAY},
    {.status = {429},
     .text = "per minute (TPM): limit {limit}, used {used}, requested {requested}",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .text = "per minute (RPM): limit {limit}, used {used}, requested {requested}",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {498}, .error_class = FREELLM_C_OVERLOADED},
    {.status = {499}, .error_class = FREELLM_C_NETWORK, .definite = false},
};

// The -requests fields speak of the day, the -tokens fields of the minute; limits hold for each model.
constexpr sdk::LimitHeaders limits[] = {{.unit = FREELLM_UNIT_REQUESTS,
                                         .window = FREELLM_WINDOW_DAY,
                                         .scope = FREELLM_SCOPE_KEY_MODEL,
                                         .limit = "x-ratelimit-limit-requests",
                                         .remaining = "x-ratelimit-remaining-requests",
                                         .reset = "x-ratelimit-reset-requests"},
                                        {.unit = FREELLM_UNIT_TOKENS,
                                         .window = FREELLM_WINDOW_MINUTE,
                                         .scope = FREELLM_SCOPE_KEY_MODEL,
                                         .limit = "x-ratelimit-limit-tokens",
                                         .remaining = "x-ratelimit-remaining-tokens",
                                         .reset = "x-ratelimit-reset-tokens"}};

constexpr std::string_view envelopes[] = {"x_groq"};

constexpr sdk::OpenAiDialect dialect = {.key_prefix = "gsk_",
                                        .key_min_length = 20,
                                        .members = members,
                                        .max_tokens_name = "max_completion_tokens",
                                        .envelopes = envelopes,
                                        .errors = errors,
                                        .limits = limits};

bool gpt_oss(std::string_view model) { return model.find("gpt-oss") != model.npos; }
bool qwen(std::string_view model) { return model.find("qwen") != model.npos; }

/// The word of a model family for how much to think; "" when the family knows none.
std::string_view effort(std::string_view model, std::string_view asked) {
  if (gpt_oss(model)) {
    if (asked == "\"medium\"" || asked == "\"high\"") return asked;
    return asked == "\"xhigh\"" || asked == "\"max\"" ? "\"high\"" : "\"low\"";
  }
  if (qwen(model)) return asked == "\"none\"" ? "\"none\"" : "\"default\"";
  return "";
}

class Groq final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "groq";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Groq() : OpenAiProvider(dialect) {}

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view json,
                        std::string& replacement) const override {
    if (name == "reasoning_effort") {
      const std::string_view word = effort(call.model(), json);
      if (word == json) return sdk::Edit::none;
      replacement = word;
      return word.empty() ? sdk::Edit::drop : sdk::Edit::replace;
    }
    // The two exclude one another, and raw thinking cannot stand beside tools or JSON.
    if (name == "include_reasoning" && call.find("reasoning_format")) return sdk::Edit::drop;
    const bool structured = call.has(FREELLM_CALL_TOOLS) || call.has(FREELLM_CALL_JSON_OBJECT) ||
                            call.has(FREELLM_CALL_JSON_SCHEMA);
    if (name == "reasoning_format" && json == "\"raw\"" && structured) {
      replacement = "\"parsed\"";
      return sdk::Edit::replace;
    }
    return sdk::Edit::none;
  }

  // A call that Groq could not read comes as an error that quotes it, on streams too.
  bool salvage(const sdk::Call&, const sdk::Headers& head, std::string_view body, sdk::EventsOut& out) const {
    if (head.status() != 400 || body.find("failed_generation") == body.npos) return false;
    const auto parsed = sdk::parse_json(body);
    const auto* const answer = parsed ? parsed->if_object() : nullptr;
    const auto* const error = answer == nullptr ? nullptr : sdk::object_at(*answer, "error");
    if (error == nullptr || sdk::string_at(*error, "code") != "tool_use_failed") return false;
    const std::string_view said = sdk::string_at(*error, "failed_generation");
    if (said.empty()) return false;
    out.text(said);
    out.finish("tool_calls");
    return true;
  }

  void add_members(const sdk::Call& call, sdk::MemberWriter& out) const override {
    // gpt-oss answers with its thinking apart by itself; the qwen family would write it into the text.
    if (qwen(call.model()) && call.model_can(FREELLM_MODEL_REASONING) && !call.find("reasoning_format") &&
        !call.find("include_reasoning"))
      out.add_string("reasoning_format", "parsed");
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Groq);
