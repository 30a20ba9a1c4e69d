// NVIDIA's catalog: many servers behind one address, problem-details errors, one tool call at a time.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <utility>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

constexpr sdk::MemberRule members[] = {
    sdk::drop("logit_bias"), sdk::drop("logprobs"), sdk::drop("top_logprobs"), sdk::drop("user"),
    // Written by add_members when there are tools: several models take one call at a time.
    sdk::drop("parallel_tool_calls"), sdk::clamp("temperature", 0, 1)};

// Retrievers want to know what a text is for; add_endpoint_members says it when the client does not.
constexpr sdk::MemberRule endpoint_members[] = {sdk::keep("input_type"), sdk::keep("truncate"),
                                                sdk::drop("encoding_format"), sdk::drop("user")};

constexpr sdk::ErrorRow errors[] = {
    // The server behind the model is ill, for every key.
    {.status = {400},
     .text = "DEGRADED function cannot be invoked",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {400},
     .text = "only supports single tool-calls at once",
     .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {401}, .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED},
    // A wrong key, a key without the service or a model this account may not run: the sentence is the same.
    {.status = {403},
     .text = "authorization failed|authentication failed",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .definite = false},
    // Comes and goes; never a reason to retire the model.
    {.status = {404},
     .text = "not found for account",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {404}, .text = "404 page not found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {410}, .text = "end of life", .error_class = FREELLM_C_MODEL_GONE},
    // The account's minute or the model's crowd; nothing in the answer tells which.
    {.status = {429},
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS,
     .definite = false},
    {.status = {500},
     .text = "inference connection error|enginecore encountered an issue",
     .error_class = FREELLM_C_SERVER_ERROR},
    {.status = {502, 503, 504}, .text = "resourceexhausted", .error_class = FREELLM_C_OVERLOADED},
};

constexpr sdk::OpenAiDialect dialect = {.key_prefix = "nvapi-",
                                        .key_min_length = 20,
                                        .members = members,
                                        // Some models stop after 1024 when nothing is said.
                                        .default_max_tokens = 8192,
                                        .max_stops = 16,
                                        .errors = errors,
                                        .embeddings_path = "/embeddings",
                                        .endpoint_members = endpoint_members};

constexpr std::int64_t minute_ms = 60'000;

bool has(std::string_view model, std::string_view word) { return model.find(word) != model.npos; }

/// The template switch with which a family turns its thinking on and off; "" when it has none.
std::string_view thinking_switch(std::string_view model) {
  if (has(model, "deepseek") || has(model, "kimi")) return "thinking";
  if (has(model, "glm") || has(model, "qwen") || has(model, "nemotron-3")) return "enable_thinking";
  return "";
}

/// One assistant message for each call, each followed by its result.
void split_parallel_calls(json::array& messages) {
  json::array out(messages.storage());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    json::object& message = messages[i].get_object();
    json::value* const calls = message.if_contains("tool_calls");
    if (calls == nullptr || !calls->is_array() || calls->get_array().size() < 2) {
      out.push_back(std::move(messages[i]));
      continue;
    }
    const json::array list = std::move(calls->get_array());
    std::size_t after = i + 1;
    while (after < messages.size() && sdk::string_at(messages[after].get_object(), "role") == "tool") ++after;
    bool first = true;
    for (const json::value& call : list) {
      json::object one = message;
      if (!first) one["content"] = nullptr;
      one["tool_calls"] = json::array{call};
      first = false;
      out.push_back(std::move(one));
      const std::string_view id =
          call.is_object() ? sdk::string_at(call.get_object(), "id") : std::string_view{};
      for (std::size_t k = i + 1; k < after; ++k)
        if (sdk::string_at(messages[k].get_object(), "tool_call_id") == id) out.push_back(messages[k]);
    }
    i = after - 1;
  }
  messages = std::move(out);
}

class Nvidia final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "nvidia";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Nvidia() : OpenAiProvider(dialect) {}

  /// A 202 is no answer: the work goes on behind a second address that nobody polls.
  class Parser : public sdk::OpenAiParser {
   public:
    Parser(const Nvidia& provider, const sdk::Call& call, const sdk::Headers& head)
        : OpenAiParser(provider, call, head), accepted_(head.status() == 202) {}
    void feed(std::string_view bytes, sdk::EventsOut& out) {
      if (!accepted_) OpenAiParser::feed(bytes, out);
    }
    void finish(sdk::EventsOut& out) {
      if (!accepted_) return OpenAiParser::finish(out);
      freellm_outcome outcome = sdk::fresh_outcome();
      sdk::OutcomeOut sorted(outcome);
      sorted.sort(FREELLM_C_TIMEOUT, true);
      sorted.message("the provider put the request into a queue instead of answering it");
      out.error(outcome);
    }

   private:
    bool accepted_;
  };

  // The list of models is public and no header tells a limit.
  void build_probe(sdk::RequestOut&) const = delete;
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name != "reasoning_effort") return sdk::Edit::none;
    if (!has(call.model(), "gpt-oss")) return sdk::Edit::drop;
    if (text == "\"low\"" || text == "\"medium\"" || text == "\"high\"") return sdk::Edit::none;
    replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"low\"" : "\"high\"";
    return sdk::Edit::replace;
  }

  void add_members(const sdk::Call& call, sdk::MemberWriter& out) const override {
    if (call.has(FREELLM_CALL_TOOLS)) out.add("parallel_tool_calls", "false");
    const auto asked = call.find("reasoning_effort");
    const std::string_view name = thinking_switch(call.model());
    if (!asked || name.empty() || !call.model_can(FREELLM_MODEL_REASONING)) return;
    const bool off = *asked == "\"none\"" || *asked == "\"minimal\"";
    out.add("chat_template_kwargs", json::serialize(json::object{{name, !off}}));
  }

  void add_endpoint_members(sdk::Endpoint, const sdk::Call& call, sdk::MemberWriter& out) const override {
    if (!call.find("input_type")) out.add_string("input_type", "query");
    out.add_string("encoding_format", "float");
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    freellm_outcome& o = out.raw();
    // A gateway in front of a crowded worker; a page is the edge's.
    const bool guessed =
        (o.error_class == FREELLM_C_SERVER_ERROR || o.error_class == FREELLM_C_TIMEOUT) && o.definite == 0;
    if ((facts.status == 502 || facts.status == 504) && guessed && !facts.html)
      out.sort(FREELLM_C_OVERLOADED, false);
    if (o.retry_after_ms >= 0) return;
    // No answer here says how long; these take longer than their kind.
    if (facts.status == 400 && o.error_class == FREELLM_C_OVERLOADED) o.retry_after_ms = 5 * minute_ms;
    if (facts.status == 404 && o.error_class == FREELLM_C_MODEL_UNAVAILABLE)
      o.retry_after_ms = 60 * minute_ms;
  }

  bool must_edit_messages(const sdk::Call& call) const override {
    return call.has(FREELLM_CALL_TOOL_HISTORY);
  }
  void edit_messages(const sdk::Call&, json::array& messages) const override {
    split_parallel_calls(messages);
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Nvidia);
