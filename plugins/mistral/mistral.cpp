// Mistral: every object of its schema is closed, so only known members are sent; tool-call ids have nine
// characters.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <freellmapi/openai_tools.hpp>

#include "manifest.hpp"
#include "messages.hpp"

namespace freellmapi::mistral {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("logit_bias"),           sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"),         sdk::drop("user"),
                                       sdk::clamp("temperature", 0, 1.5), sdk::rename("seed", "random_seed"),
                                       sdk::keep("random_seed"),          sdk::keep("metadata"),
                                       sdk::keep("prediction"),           sdk::keep("prompt_mode"),
                                       sdk::keep("guardrails"),           sdk::keep("prompt_cache_key"),
                                       sdk::keep("safe_prompt")};

constexpr sdk::MemberRule endpoint_members[] = {sdk::rename("dimensions", "output_dimension"),
                                                sdk::keep("output_dtype"), sdk::keep("metadata"),
                                                sdk::drop("user")};

constexpr sdk::ErrorRow errors[] = {
    {.status = {400},
     .text = "contains {requested} tokens*too large for model with {limit} maximum context length",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .text = "too large for model", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .code = "1500", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {400}, .type = "invalid_model", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // 3051 stands for several faults of a prompt; its length is the one that a window can cure.
    {.status = {400}, .code = "3051", .text = "image", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {400}, .code = "3051", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400}, .code = "3230|3240|3280", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {401}, .text = "unauthorized", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {403},
     .text = "current plan|your plan|subscription| tier",
     .error_class = FREELLM_C_MODEL_FORBIDDEN},
    // A tier's whole capacity: no other key of the same tier helps.
    {.status = {429}, .code = "3505", .error_class = FREELLM_C_OVERLOADED, .scope = FREELLM_SCOPE_MODEL},
    {.status = {429},
     .type = "service_tier_capacity_exceeded",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {429},
     .text = "requests rate limit exceeded",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_SECOND,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "month",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_MONTH,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .code = "1300",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {429},
     .type = "rate_limited",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
};

constexpr sdk::OpenAiDialect dialect = {
    .key_min_length = 32,
    .members = members,
    .max_stops = 64,
    // 422 at body.stream_options; the last chunk carries the usage by itself.
    .ask_stream_usage = false,
    .tool_choice = {.required = "any"},
    .messages = {.names = sdk::MessageRules::Names::tools_only,
                 .tool_ids = sdk::MessageRules::ToolIds::nine_alnum},
    .errors = errors,
    .embeddings_path = "/embeddings",
    .endpoint_members = endpoint_members};

bool close_tools(json::array& tools) {
  if (tools.size() > 128) throw sdk::Failure{FREELLM_E_INVALID};
  bool changed = sdk::close_tools(tools);
  for (json::value& tool : tools) {
    json::object* const function = sdk::function_of(tool);
    if (function == nullptr || function->contains("parameters")) continue;
    (*function)["parameters"] = json::object{{"type", "object"}, {"properties", json::object()}};
    changed = true;
  }
  return changed;
}

class Mistral final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "mistral";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Mistral() : OpenAiProvider(dialect) {}

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name == "seed") return text.starts_with('-') ? sdk::Edit::drop : sdk::Edit::none;
    if (name == "random_seed") return call.find("seed") ? sdk::Edit::drop : sdk::Edit::none;
    if (name == "reasoning_effort") {
      if (!call.model_can(FREELLM_MODEL_REASONING)) return sdk::Edit::drop;
      replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"none\"" : "\"high\"";
      return sdk::Edit::replace;
    }
    const bool tools = name == "tools" && call.has(FREELLM_CALL_TOOLS);
    const bool format = name == "response_format" &&
                        (call.has(FREELLM_CALL_JSON_SCHEMA) || call.has(FREELLM_CALL_JSON_OBJECT));
    if (!tools && !format) return sdk::Edit::none;
    auto value = sdk::parse_json(text);
    if (!value || !(tools ? value->is_array() : value->is_object())) throw sdk::Failure{FREELLM_E_INVALID};
    if (!(tools ? close_tools(value->get_array()) : sdk::close_response_format(value->get_object())))
      return sdk::Edit::none;
    replacement = json::serialize(*value);
    return sdk::Edit::replace;
  }

  bool must_edit_messages(const sdk::Call& call) const override {
    return may_need_order(call, call.find("messages").value_or(""));
  }
  void edit_messages(const sdk::Call& call, json::array& messages) const override {
    put_in_order(call, messages);
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers& head,
                    sdk::OutcomeOut& out) const override {
    // A prompt over every bound is answered without a word.
    if (facts.status == 400 && facts.message.empty()) out.sort(FREELLM_C_CONTEXT_TOO_LONG, false);
    // No request a minute at all: the model is not part of this plan.
    if (facts.status == 429 && head.number("x-ratelimit-limit-req-minute") == 0U) {
      out.sort(FREELLM_C_MODEL_FORBIDDEN, true, FREELLM_SCOPE_KEY_MODEL);
      out.raw().retry_after_ms = -1;
    }
  }

  // Windows are clock minutes and no header says so; when the month turns is not known.
  void add_limits(const sdk::Headers& head, std::int64_t now, sdk::WindowsOut& out) const override {
    constexpr std::int64_t minute = 60'000;
    const std::int64_t turns = minute - now % minute;
    out.add(FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_MINUTE, FREELLM_SCOPE_KEY_MODEL,
            head.number("x-ratelimit-limit-req-minute"), head.number("x-ratelimit-remaining-req-minute"),
            turns);
    out.add(FREELLM_UNIT_TOKENS, FREELLM_WINDOW_MINUTE, FREELLM_SCOPE_KEY_MODEL,
            head.number("x-ratelimit-limit-tokens-minute"),
            head.number("x-ratelimit-remaining-tokens-minute"), turns);
    out.add(FREELLM_UNIT_TOKENS, FREELLM_WINDOW_MONTH, FREELLM_SCOPE_ACCOUNT,
            head.number("x-ratelimit-limit-tokens-month"), head.number("x-ratelimit-remaining-tokens-month"));
  }
};

}  // namespace
}  // namespace freellmapi::mistral

FREELLM_PLUGIN("1.0.0", freellmapi::mistral::Mistral);
