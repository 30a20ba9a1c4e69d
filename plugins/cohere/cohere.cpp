// Cohere through its OpenAI-compatible surface: fewer members, its own rules for tools, and errors without
// limit headers.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <freellmapi/openai_tools.hpp>

#include "manifest.hpp"
#include "names.hpp"
#include "tools.hpp"

namespace freellmapi::cohere {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("logit_bias"),
                                       sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"),
                                       sdk::drop("user"),
                                       sdk::drop("parallel_tool_calls"),
                                       sdk::clamp("temperature", 0, 1),
                                       sdk::clamp("top_p", 0, 1),
                                       sdk::clamp("frequency_penalty", 0, 1),
                                       sdk::clamp("presence_penalty", 0, 1)};

constexpr sdk::ErrorRow errors[] = {
    // The answer's bound, not the prompt's.
    {.status = {400, 422},
     .text = "max tokens must be less than or equal to {limit}*received {requested}",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "max_tokens"},
    {.status = {400, 422},
     .text = "cannot exceed {limit} - received {requested}|size limit exceeded by {n} tokens|too many tokens",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .text = "invalid request", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {401}, .text = "no api key|api token|api key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {402},
     .text = "maximum billing",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {403}, .text = "does not have access", .error_class = FREELLM_C_MODEL_FORBIDDEN},
    {.status = {404}, .text = "was removed on", .error_class = FREELLM_C_MODEL_GONE},
    {.status = {404}, .text = "model*not found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {422},
     .body = "no valid response generated|NO_VALID_RESPONSE_GENERATED",
     .error_class = FREELLM_C_MALFORMED},
    {.status = {422}, .error_class = FREELLM_C_MALFORMED, .definite = false},
    {.status = {429},
     .text = "limited to {limit} api calls / month",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_MONTH,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "limited to {limit} api calls / minute",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "api calls / month",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_MONTH,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "limit is {limit} tokens per minute",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .text = "per minute|wait and try again",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {498}, .text = "token|api key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {498}, .error_class = FREELLM_C_CONTENT_FILTERED, .definite = false},
    {.status = {499}, .error_class = FREELLM_C_NETWORK, .definite = false},
    {.status = {504}, .error_class = FREELLM_C_OVERLOADED, .definite = false},
};

// Sent with successes alone. Nothing counts the month down.
constexpr sdk::LimitHeaders limits[] = {{.unit = FREELLM_UNIT_REQUESTS,
                                         .window = FREELLM_WINDOW_MINUTE,
                                         .scope = FREELLM_SCOPE_KEY_MODEL,
                                         .limit = "x-trial-endpoint-call-limit",
                                         .remaining = "x-trial-endpoint-call-remaining"},
                                        {.unit = FREELLM_UNIT_REQUESTS,
                                         .window = FREELLM_WINDOW_MONTH,
                                         .scope = FREELLM_SCOPE_ACCOUNT,
                                         .limit = "x-endpoint-monthly-call-limit"}};

constexpr sdk::MemberRule endpoint_members[] = {sdk::drop("dimensions"), sdk::drop("user")};

constexpr sdk::OpenAiDialect dialect = {.probe_path = "/v1/models?page_size=1",
                                        .key_min_length = 40,
                                        .members = members,
                                        .max_stops = 5,
                                        .ask_stream_usage = false,
                                        .tool_choice = {.send_auto = false, .named_to_required = true},
                                        .messages = {.late_system = sdk::MessageRules::Late::to_front,
                                                     .flatten_text_parts = true,
                                                     .empty_for_null = true},
                                        .errors = errors,
                                        .limits = limits,
                                        .embeddings_path = "/embeddings",
                                        .endpoint_members = endpoint_members};

/// The one tool that tool_choice names; "" when it names none.
std::string chosen_tool(const sdk::Call& call) {
  const auto text = call.find("tool_choice");
  if (!text || !text->starts_with('{')) return {};
  const auto choice = sdk::parse_json(*text);
  const json::object* const function =
      choice && choice->is_object() ? sdk::object_at(choice->get_object(), "function") : nullptr;
  return function == nullptr ? std::string() : std::string(sdk::string_at(*function, "name"));
}

bool zero(std::string_view number) noexcept { return number.find_first_of("123456789") == number.npos; }

class Cohere final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "cohere";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Cohere() : OpenAiProvider(dialect) {}

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name == "seed") return text.starts_with('-') ? sdk::Edit::drop : sdk::Edit::none;
    // Some models take one of the two penalties only.
    if (name == "presence_penalty")
      return zero(call.find("frequency_penalty").value_or("")) ? sdk::Edit::none : sdk::Edit::drop;
    if (name == "reasoning_effort") {
      if (!call.model_can(FREELLM_MODEL_REASONING)) return sdk::Edit::drop;
      replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"none\"" : "\"high\"";
      return sdk::Edit::replace;
    }
    const bool tools = name == "tools" && call.has(FREELLM_CALL_TOOLS);
    const bool format = name == "response_format" && call.has(FREELLM_CALL_JSON_SCHEMA);
    if (!tools && !format) return sdk::Edit::none;
    auto value = sdk::parse_json(text);
    if (!value || !(tools ? value->is_array() : value->is_object())) throw sdk::Failure{FREELLM_E_INVALID};
    if (tools) {
      settle_tools(value->get_array(), chosen_tool(call));
    } else {
      settle_format(value->get_object());
    }
    replacement = json::serialize(*value);
    return sdk::Edit::replace;
  }

  bool must_edit_messages(const sdk::Call& call) const override {
    return call.has(FREELLM_CALL_TOOL_HISTORY);
  }
  void edit_messages(const sdk::Call&, json::array& messages) const override {
    for (json::value& message : messages) rename_calls(message.get_object(), told_name);
  }

  void edit_choice(json::object& choice) const override {
    for (const std::string_view name : {"delta", "message"})
      if (json::value* const part = choice.if_contains(name); part != nullptr && part->is_object())
        rename_calls(part->get_object(), client_name);
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers& head,
                    sdk::OutcomeOut& out) const override {
    // The sentence of a trial key can name both windows; the counter, when it is sent, tells which is full.
    if (facts.status == 429 && out.raw().window == FREELLM_WINDOW_MONTH &&
        sdk::matches("api calls / minute|per minute", facts.message) &&
        head.number("x-trial-endpoint-call-remaining") == 0U) {
      out.sort(FREELLM_C_RATE_LIMITED, true, FREELLM_SCOPE_KEY_MODEL);
      out.window(FREELLM_WINDOW_MINUTE, FREELLM_UNIT_REQUESTS);
      out.raw().limit = head.number("x-trial-endpoint-call-limit").value_or(0);
    }
  }
};

}  // namespace
}  // namespace freellmapi::cohere

FREELLM_PLUGIN("1.0.0", freellmapi::cohere::Cohere);
