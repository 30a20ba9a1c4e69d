// Ollama Cloud: a compatible layer that ignores what it does not parse, so what must not be ignored is said
// in another way; one model in flight, and sessions and weeks of unknown size.
#include <algorithm>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <freellmapi/openai_tools.hpp>

#include "manifest.hpp"

namespace freellmapi::ollama {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("tool_choice"), sdk::drop("parallel_tool_calls"),
                                       sdk::drop("logit_bias"), sdk::drop("user")};

constexpr sdk::ErrorRow errors[] = {
    {.status = {400},
     .text = "invalid reasoning value",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "reasoning_effort"},
    {.status = {400},
     .text = "prompt too long|exceeded max context length",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400},
     .text = "image URLs are not currently supported|invalid tool call arguments|is too short - 'messages'|"
             "invalid message|invalid image",
     .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {401}, .text = "unauthorized|invalid api key", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED, .scope = FREELLM_SCOPE_ACCOUNT},
    // The key is fine, the model is for paying accounts.
    {.status = {403},
     .text = "requires a subscription|upgrade for access|pro plan|max plan|team plan",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {404}, .text = "model*not found", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {410}, .error_class = FREELLM_C_MODEL_GONE},
    {.status = {413}, .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {429},
     .text = "session usage limit",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_SESSION,
     .unit = FREELLM_UNIT_MONEY},
    {.status = {429},
     .text = "weekly usage limit",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_WEEK,
     .unit = FREELLM_UNIT_MONEY},
    {.status = {429},
     .text = "concurrent",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .unit = FREELLM_UNIT_CONCURRENCY},
    {.status = {429},
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .unit = FREELLM_UNIT_CONCURRENCY,
     .definite = false},
};

constexpr sdk::OpenAiDialect dialect = {.key_min_length = 16,
                                        .members = members,
                                        .max_stops = 1'000,
                                        .messages = {.empty_for_null = true},
                                        .errors = errors,
                                        .embeddings_path = "/embeddings"};

constexpr std::string_view efforts[] = {"\"none\"", "\"minimal\"", "\"low\"",   "\"medium\"",
                                        "\"high\"", "\"xhigh\"",   "\"ultra\"", "\"max\""};

/// What tool_choice asks for: none, required, the name of a tool in `tool`, or nothing of these.
struct Choice {
  bool none = false, forced = false;
  std::string tool;
};

Choice choice_of(const sdk::Call& call) {
  Choice out;
  const auto text = call.find("tool_choice");
  if (!text || !call.has(FREELLM_CALL_TOOLS)) return out;
  out.none = *text == "\"none\"";
  out.forced = *text == "\"required\"" || *text == "\"any\"";
  const auto value = text->starts_with('{') ? sdk::parse_json(*text) : std::nullopt;
  const json::object* const function =
      value && value->is_object() ? sdk::object_at(value->get_object(), "function") : nullptr;
  if (function != nullptr) out.tool = sdk::string_at(*function, "name");
  out.forced = out.forced || !out.tool.empty();
  return out;
}

/// The tools without those that are not `name`; "" when it is not among them.
std::string only_tool(std::string_view tools, std::string_view name) {
  auto value = sdk::parse_json(tools);
  if (!value || !value->is_array()) throw sdk::Failure{FREELLM_E_INVALID};
  for (json::value& tool : value->get_array()) {
    const json::object* const function = sdk::function_of(tool);
    if (function != nullptr && sdk::string_at(*function, "name") == name)
      return json::serialize(json::array{tool});
  }
  return {};
}

/// Only images inside the request are taken.
void refuse_remote_images(const json::object& message) {
  const json::value* const content = message.if_contains("content");
  if (content == nullptr || !content->is_array()) return;
  for (const json::value& part : content->get_array()) {
    const json::object* const object = part.if_object();
    const json::object* const image = object == nullptr ? nullptr : sdk::object_at(*object, "image_url");
    const std::string_view url = image == nullptr ? std::string_view{} : sdk::string_at(*image, "url");
    if (url.starts_with("http://") || url.starts_with("https://")) throw sdk::Failure{FREELLM_E_INVALID};
  }
}

/// Arguments must be the text of an object; what a model wrote otherwise is put into one.
void mend_arguments(json::object& message) {
  json::value* const calls = message.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return;
  for (json::value& call : calls->get_array()) {
    json::object* const function = sdk::function_of(call);
    if (function == nullptr) continue;
    const std::string text(sdk::string_at(*function, "arguments"));
    const auto value = sdk::parse_json(text);
    if (value && value->is_object()) continue;
    (*function)["arguments"] =
        text.empty() ? std::string("{}") : json::serialize(json::object{{"arguments", text}});
  }
}

/// Adds a sentence to what the system says at the front.
void tell_system(json::array& messages, std::string_view sentence) {
  json::object* const first = messages.empty() ? nullptr : messages.front().if_object();
  json::value* const content = first != nullptr && sdk::string_at(*first, "role") == "system"
                                   ? first->if_contains("content")
                                   : nullptr;
  if (content != nullptr && content->is_string()) {
    json::string& text = content->get_string();
    if (!text.empty()) text.append("\n\n");
    text.append(sentence);
    return;
  }
  json::object system(messages.storage());
  system["role"] = "system";
  system["content"] = sentence;
  messages.insert(messages.begin(), json::value(std::move(system)));
}

class Ollama final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "ollama";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Ollama() : OpenAiProvider(dialect) {}

  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  /// The lists of models are public; who one is, is told to a good key alone. Lies beside /v1.
  void build_probe(sdk::RequestOut& out) const {
    out.target("POST", "/api/me");
    out.credential("authorization", "Bearer ");
    out.header("accept", "application/json");
  }

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name == "reasoning_effort") {
      const bool known = std::find(std::begin(efforts), std::end(efforts), text) != std::end(efforts);
      return known && call.model_can(FREELLM_MODEL_REASONING) ? sdk::Edit::none : sdk::Edit::drop;
    }
    if (name != "tools") return sdk::Edit::none;
    // tool_choice is not heard: what may not be called is not shown.
    const Choice choice = choice_of(call);
    if (choice.none) return sdk::Edit::drop;
    if (choice.tool.empty()) return sdk::Edit::none;
    replacement = only_tool(text, choice.tool);
    return replacement.empty() ? sdk::Edit::none : sdk::Edit::replace;
  }

  /// A content of null is refused beside no calls, and no flag tells of it.
  bool must_edit_messages(const sdk::Call& call) const override {
    return call.has(FREELLM_CALL_TOOL_HISTORY) || call.has(FREELLM_CALL_IMAGES) || choice_of(call).forced ||
           call.find("messages").value_or("").find("null") != std::string_view::npos;
  }
  void edit_messages(const sdk::Call& call, json::array& messages) const override {
    for (json::value& message : messages) {
      refuse_remote_images(message.get_object());
      mend_arguments(message.get_object());
    }
    const Choice choice = choice_of(call);
    if (!choice.forced) return;
    tell_system(messages, choice.tool.empty()
                              ? std::string("Answer by calling one of the tools, not in text.")
                              : "Answer by calling the tool " + choice.tool + ", not in text.");
  }

  /// "you (NAME) have reached ...": who the account is, is nobody's business.
  void edit_error(sdk::ErrorFacts& facts) const override {
    const std::size_t open = facts.message.find("ou (");
    const std::size_t close = open == std::string::npos ? open : facts.message.find(") ", open);
    if (close != std::string::npos) facts.message.erase(open + 3, close + 2 - (open + 3));
  }
};

}  // namespace
}  // namespace freellmapi::ollama

FREELLM_PLUGIN("1.0.0", freellmapi::ollama::Ollama);
