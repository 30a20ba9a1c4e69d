// Any OpenAI-compatible endpoint: what the client wrote is passed on, and what comes back is read tolerantly.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

// Only what is no error of OpenAI's own but of the servers people run themselves.
constexpr sdk::ErrorRow errors[] = {
    // llama.cpp says the window beside the sentence.
    {.status = {400, 413, 500},
     .body = "available context size*\"n_ctx\":{limit}|available context size*\"n_ctx\": {limit}",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    // LM Studio
    {.status = {400},
     .text = "context length of only {limit} tokens",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    // A gateway's own words go before the status it chose.
    {.text = "litellm.ContextWindowExceededError", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.text = "litellm.AuthenticationError", .error_class = FREELLM_C_AUTH_INVALID},
    {.text = "litellm.PermissionDeniedError", .error_class = FREELLM_C_AUTH_FORBIDDEN},
    {.text = "litellm.RateLimitError", .error_class = FREELLM_C_RATE_LIMITED, .definite = false},
    {.text = "litellm.ServiceUnavailableError", .error_class = FREELLM_C_OVERLOADED},
    {.text = "litellm.ContentPolicyViolationError", .error_class = FREELLM_C_CONTENT_FILTERED},
    {.text = "litellm.Timeout", .error_class = FREELLM_C_TIMEOUT},
    {.text = "litellm.InternalServerError|litellm.APIConnectionError", .error_class = FREELLM_C_SERVER_ERROR},
    // Ollama
    {.status = {404}, .text = "try pulling it first", .error_class = FREELLM_C_MODEL_NOT_FOUND},
};

constexpr sdk::OpenAiDialect dialect = {.probe_path = "",
                                        .key_min_length = 1,
                                        .key_max_length = 4096,
                                        .members = {},
                                        .keep_unlisted = true,
                                        .max_stops = 1'000,
                                        .messages = {.names = sdk::MessageRules::Names::keep,
                                                     .reasoning = sdk::MessageRules::Reasoning::keep,
                                                     .keep_extras = true},
                                        .errors = errors};

class Custom final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "custom";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Custom() : OpenAiProvider(dialect) {}

  // Many of these list their models to everybody, and nothing is known of limit headers.
  void build_probe(sdk::RequestOut&) const = delete;
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  /// Old servers know only one of the two names, new ones only the other; the client may know which.
  std::string_view max_tokens_name(const sdk::Call& call) const override {
    return call.find("max_completion_tokens") && !call.find("max_tokens") ? "max_completion_tokens"
                                                                          : "max_tokens";
  }

  /// What Google keeps with a call comes back with the history. Its own models need it; servers with a closed
  /// schema refuse it.
  bool must_edit_messages(const sdk::Call& call) const override {
    return call.has(FREELLM_CALL_EXTRAS) && call.model().find("gemini") == std::string_view::npos;
  }
  void edit_messages(const sdk::Call& call, json::array& messages) const override {
    if (!must_edit_messages(call)) return;
    for (json::value& message : messages) {
      message.get_object().erase("extra_content");
      json::value* const calls = message.get_object().if_contains("tool_calls");
      if (calls == nullptr || !calls->is_array()) continue;
      for (json::value& one : calls->get_array())
        if (one.is_object()) one.get_object().erase("extra_content");
    }
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    if (!facts.in_success || !facts.html) return;
    // A setting to mend, not an endpoint to bench.
    out.sort(FREELLM_C_UNKNOWN, true);
    out.message(
        "the base URL answers with a web page; does it end before /chat/completions, with its version part?");
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Custom);
