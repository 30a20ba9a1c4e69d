// Groq: OpenAI's wire with a strict schema, two asymmetric header windows and reasoning said per model
// family.
#include <algorithm>
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

// Said anew by add_endpoint_members: the format is always WAV, the voices are the model's own.
constexpr sdk::MemberRule endpoint_members[] = {sdk::drop("response_format"), sdk::drop("voice"),
                                                sdk::drop("instructions")};

/// One limit of an organization for one model, as the sentence of a 429 names it.
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
    {.status = {400}, .code = "model_decommissioned", .error_class = FREELLM_C_MODEL_GONE},
    // The model wrote a broken call or broken JSON: its fault, not the request's.
    {.status = {400}, .code = "tool_use_failed|json_validate_failed", .error_class = FREELLM_C_MALFORMED},
    {.status = {400}, .code = "context_length_exceeded", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .text = "reduce the length of the messages", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400},
     .text = "json mode cannot be combined with tool",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "response_format"},
    // The owner has not agreed to this model's terms.
    {.status = {400, 403},
     .code = "model_terms_required",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {400, 403},
     .code = "organization_restricted",
     .error_class = FREELLM_C_AUTH_FORBIDDEN,
     .scope = FREELLM_SCOPE_ACCOUNT},
    {.status = {401}, .code = "invalid_api_key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {403}, .text = "check your network settings", .error_class = FREELLM_C_PROVIDER_BLOCKED},
    {.status = {404}, .code = "model_not_found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // One request over a whole window's tokens can never be served.
    {.status = {413},
     .text = "request too large*input tokens per*limit {limit}, requested {requested}",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG,
     .unit = FREELLM_UNIT_INPUT_TOKENS},
    {.status = {413},
     .text = "request too large*limit {limit}, requested {requested}",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {422}, .error_class = FREELLM_C_MALFORMED, .definite = false},
    {.status = {424}, .error_class = FREELLM_C_BAD_REQUEST, .definite = false},
    // Seconds of sound roll by the hour and by the day.
    limit_row("audio per hour*limit {limit}, used {used}, requested {requested}|(ASPH)|(ASH)",
              FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_HOUR, FREELLM_UNIT_UNKNOWN),
    limit_row("audio per day*limit {limit}, used {used}, requested {requested}|(ASPD)|(ASD)",
              FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_DAY, FREELLM_UNIT_UNKNOWN),
    limit_row("per day (TPD): limit {limit}, used {used}, requested {requested}", FREELLM_C_QUOTA_EXHAUSTED,
              FREELLM_WINDOW_DAY, FREELLM_UNIT_TOKENS),
    limit_row("per day (RPD): limit {limit}, used {used}, requested {requested}", FREELLM_C_QUOTA_EXHAUSTED,
              FREELLM_WINDOW_DAY, FREELLM_UNIT_REQUESTS),
    limit_row("per day", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_DAY, FREELLM_UNIT_UNKNOWN),
    // Some organizations have these two beside the sum.
    limit_row("input tokens per minute*limit {limit}, used {used}, requested {requested}|(ITPM)",
              FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_MINUTE, FREELLM_UNIT_INPUT_TOKENS),
    limit_row("output tokens per minute*limit {limit}, used {used}, requested {requested}|(OTPM)",
              FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_MINUTE, FREELLM_UNIT_OUTPUT_TOKENS),
    limit_row("per minute (TPM): limit {limit}, used {used}, requested {requested}", FREELLM_C_RATE_LIMITED,
              FREELLM_WINDOW_MINUTE, FREELLM_UNIT_TOKENS),
    limit_row("per minute (RPM): limit {limit}, used {used}, requested {requested}", FREELLM_C_RATE_LIMITED,
              FREELLM_WINDOW_MINUTE, FREELLM_UNIT_REQUESTS),
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
                                        .limits = limits,
                                        .speech_path = "/audio/speech",
                                        .endpoint_members = endpoint_members};

constexpr std::size_t most_tools = 128;

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool gpt_oss(std::string_view model) { return model.find("gpt-oss") != model.npos; }
bool qwen(std::string_view model) { return model.find("qwen") != model.npos; }

/// The word of a model family for how much to think; "" when the family knows none.
std::string_view effort(std::string_view model, std::string_view asked) {
  if (gpt_oss(model)) {
    if (asked == "\"medium\"" || asked == "\"high\"") return asked;
    return asked == "\"xhigh\"" || asked == "\"max\"" ? "\"high\"" : "\"low\"";
  }
  if (qwen(model)) return one_of(asked, {"\"none\"", "\"minimal\""}) ? "\"none\"" : "\"default\"";
  return "";
}

/// A voice of the model's for one of OpenAI's, which it does not know; others as they are.
std::string_view voice_of(std::string_view model, std::string_view asked) {
  const bool foreign =
      asked.empty() ||
      one_of(asked, {"\"alloy\"", "\"ash\"", "\"ballad\"", "\"cedar\"", "\"coral\"", "\"echo\"", "\"fable\"",
                     "\"marin\"", "\"nova\"", "\"onyx\"", "\"sage\"", "\"shimmer\"", "\"verse\""});
  if (!foreign || model.find("orpheus") == model.npos) return asked;
  return model.find("arabic") == model.npos ? "\"autumn\"" : "\"fahad\"";
}

class Groq final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "groq";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Groq() : OpenAiProvider(dialect) {}

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view json,
                        std::string& replacement) const override {
    if (name == "tools" && call.has(FREELLM_CALL_TOOLS)) return check_tools(json);
    if (name == "service_tier")
      return one_of(json, {"\"on_demand\"", "\"auto\"", "\"flex\"", "\"performance\""}) ? sdk::Edit::none
                                                                                        : sdk::Edit::drop;
    const bool thinks = call.model_can(FREELLM_MODEL_REASONING);
    if (name == "reasoning_effort") {
      const std::string_view word = thinks ? effort(call.model(), json) : "";
      if (word == json) return sdk::Edit::none;
      replacement = word;
      return word.empty() ? sdk::Edit::drop : sdk::Edit::replace;
    }
    if (name != "include_reasoning" && name != "reasoning_format") return sdk::Edit::none;
    if (!thinks) return sdk::Edit::drop;
    // gpt-oss knows the one, the others the other; the two exclude one another, and raw thinking cannot stand
    // beside tools or JSON.
    if (gpt_oss(call.model())) return name == "include_reasoning" ? sdk::Edit::none : sdk::Edit::drop;
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
    if (gpt_oss(call.model()) && call.find("reasoning_format") == "\"hidden\"" &&
        !call.find("include_reasoning") && call.model_can(FREELLM_MODEL_REASONING))
      out.add("include_reasoning", "false");
    // gpt-oss answers with its thinking apart by itself; the qwen family would write it into the text.
    if (qwen(call.model()) && call.model_can(FREELLM_MODEL_REASONING) && !call.find("reasoning_format") &&
        !call.find("include_reasoning"))
      out.add_string("reasoning_format", "parsed");
  }

  void add_endpoint_members(sdk::Endpoint, const sdk::Call& call, sdk::MemberWriter& out) const override {
    out.add_string("response_format", "wav");
    const std::string_view voice = voice_of(call.model(), call.find("voice").value_or(""));
    if (!voice.empty()) out.add("voice", voice);
  }

 private:
  static sdk::Edit check_tools(std::string_view text) {
    const auto tools = sdk::parse_json(text);
    if (!tools || !tools->is_array() || tools->get_array().size() > most_tools)
      throw sdk::Failure{FREELLM_E_INVALID};
    return sdk::Edit::none;
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Groq);
