// LLM7: a small core of OpenAI's wire, with or without a token, answered by whatever model is there.
#include <freellmapi/held_parser.hpp>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <string>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("presence_penalty"), sdk::drop("frequency_penalty"),
                                       sdk::drop("logit_bias"),       sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"),     sdk::drop("user"),
                                       sdk::drop("reasoning_effort")};

constexpr sdk::ErrorRow errors[] = {
    {.status = {400},
     .code = "model_unavailable",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {400},
     .text = "model*is currently unavailable",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {400, 404},
     .text = "invalid model|unknown model|model*not found|model*does not exist",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {400, 413},
     .text =
         "too many characters|character limit|exceed*characters|longer than*characters|maximum*characters",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {401}, .error_class = FREELLM_C_AUTH_INVALID},
    // The token is right, the model is not for it.
    {.status = {402, 403},
     .code = "pro_access_required",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {402, 403},
     .text = "upgrade required|pro models require|active subscription",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    // Said of models that are paid by use, and on bad days of all.
    {.status = {402},
     .code = "insufficient_balance|insufficient_quota",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .definite = false},
    {.status = {402},
     .type = "insufficient_quota",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .definite = false},
    {.status = {402},
     .text = "insufficient balance|top up",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .definite = false},
    // One model's crowd; edit_outcome tells the windows of the token from the wait.
    {.status = {429},
     .text = "for model|this model|model '*'",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {429}, .error_class = FREELLM_C_RATE_LIMITED, .scope = FREELLM_SCOPE_KEY},
};

constexpr sdk::OpenAiDialect dialect = {
    .probe_path = "", .members = members, .errors = errors, .images_path = "/images/generations"};

constexpr std::int64_t second_ms = 1'000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms;

/// Letters and digits in lower case, without what only says "the newest".
std::string plain(std::string_view model) {
  std::string out;
  for (const char c : model)
    if (sdk::detail::letter(c) || sdk::detail::digit(c)) out += sdk::detail::lower(c);
  constexpr std::string_view newest = "latest";
  if (out.size() > newest.size() && out.ends_with(newest)) out.resize(out.size() - newest.size());
  return out;
}

/// Names that mean "any": whoever answers is right.
bool router(std::string_view model) noexcept {
  return model == "default" || model == "fast" || model == "pro";
}

/// `served` is `asked`, perhaps with its maker in front or its date behind.
bool same_model(std::string_view asked, std::string_view served) {
  const std::string a = plain(asked), b = plain(served);
  return a.empty() || b.empty() || a.find(b) != a.npos || b.find(a) != b.npos;
}

/// The client's own word for the model is this one, with or without a provider in front.
bool named(const sdk::Call& call) {
  const auto asked = sdk::parse_json(call.find("model").value_or("null"));
  if (!asked || !asked->is_string()) return false;
  const std::string_view word = asked->get_string();
  return word == call.model() || (word.size() > call.model().size() && word.ends_with(call.model()) &&
                                  word[word.size() - call.model().size() - 1] == '/');
}

/// The empty object with which failed answers come.
bool begins_nothing(std::string_view text) noexcept {
  const std::string_view said = sdk::trimmed(text);
  return said.empty() || said == "{" || said == "{}";
}
bool is_nothing(std::string_view text) noexcept { return sdk::trimmed(text) == "{}"; }

class Llm7 final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "llm7";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Llm7() : OpenAiProvider(dialect) {}

  class Parser final : public sdk::HeldParser {
   public:
    Parser(const Llm7& provider, const sdk::Call& call, const sdk::Headers& head)
        : HeldParser(provider, call, head, &begins_nothing, &is_nothing),
          asked_(call.model()),
          named_(named(call)),
          whole_json_(call.has(FREELLM_CALL_JSON_OBJECT) || call.has(FREELLM_CALL_JSON_SCHEMA)) {}

   private:
    // Which model speaks stands in the first frame that names one.
    void look_at(const json::object& answer, sdk::EventsOut& out) override {
      const std::string_view served = sdk::string_at(answer, "model");
      if (seen_ || served.empty()) return;
      seen_ = true;
      if (!router(asked_) && same_model(asked_, served)) return;
      if (named_ && !router(asked_))
        return fail(FREELLM_C_MODEL_UNAVAILABLE, true,
                    "another model answered than the one asked for: " + std::string(served.substr(0, 200)),
                    out);
      out.extra(FREELLM_EXTRA_ANSWER, "served_model", json::serialize(json::string(served)));
    }
    // An empty object may be the answer where JSON was asked for.
    bool caught(const sdk::HoldBack&, sdk::OutcomeOut& outcome) override {
      outcome.sort(FREELLM_C_EMPTY, true);
      outcome.message("the provider answered with an empty object");
      return !whole_json_;
    }

    std::string asked_;
    bool named_, whole_json_, seen_ = false;
  };

  // Nothing but a chat tells a good token, and no header tells a limit before it is met.
  void build_probe(sdk::RequestOut&) const = delete;
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  // Sold with Pro: sent only for a model of which the policy says that it can.
  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view,
                        std::string&) const override {
    const bool tools = name == "tools" || name == "tool_choice" || name == "parallel_tool_calls";
    if (tools && !call.model_can(FREELLM_MODEL_TOOLS)) return sdk::Edit::drop;
    const std::uint32_t format =
        call.has(FREELLM_CALL_JSON_SCHEMA) ? FREELLM_MODEL_JSON_SCHEMA : FREELLM_MODEL_JSON_OBJECT;
    if (name == "response_format" && !call.model_can(format)) return sdk::Edit::drop;
    return sdk::Edit::none;
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    freellm_outcome& o = out.raw();
    // Characters are no tokens: what was read as a limit would teach a wrong window.
    if (o.error_class == FREELLM_C_CONTEXT_TOO_LONG && sdk::matches("characters", facts.message))
      o.limit = o.requested = 0;
    if (o.error_class == FREELLM_C_MODEL_UNAVAILABLE && o.retry_after_ms < 0) o.retry_after_ms = hour_ms;
    if (facts.status != 429 || o.error_class != FREELLM_C_RATE_LIMITED || o.retry_after_ms < 0) return;
    // The wait is the only signal: its length tells which window is full.
    if (o.retry_after_ms > hour_ms) {
      o.error_class = FREELLM_C_QUOTA_EXHAUSTED;
      out.window(FREELLM_WINDOW_DAY, FREELLM_UNIT_TOKENS);
    } else {
      out.window(o.retry_after_ms > minute_ms   ? FREELLM_WINDOW_HOUR
                 : o.retry_after_ms > second_ms ? FREELLM_WINDOW_MINUTE
                                                : FREELLM_WINDOW_SECOND,
                 FREELLM_UNIT_REQUESTS);
    }
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", Llm7);
