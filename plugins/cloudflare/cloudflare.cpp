// Cloudflare Workers AI: the account is a part of the path and of the key, codes tell what statuses do not,
// and the free day is counted in neurons.
#include <algorithm>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "manifest.hpp"
#include "media.hpp"
#include "native.hpp"

namespace freellmapi::cloudflare {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("logit_bias"),
                                       sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"),
                                       sdk::drop("user"),
                                       sdk::keep("top_k"),
                                       sdk::keep("repetition_penalty"),
                                       sdk::keep("chat_template_kwargs"),
                                       sdk::clamp("temperature", 0, 5)};

// The code decides; the same code comes under more than one status.
constexpr sdk::ErrorRow errors[] = {
    {.code = "3036|4006",
     .text = "daily free allocation of {limit} neurons",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_MONEY},
    {.code = "3036|4006",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_MONEY},
    {.status = {429},
     .text = "daily free allocation",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_MONEY},
    // The model is crowded, the account is fine.
    {.code = "3040", .error_class = FREELLM_C_OVERLOADED, .scope = FREELLM_SCOPE_MODEL},
    {.code = "971|10429",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.code = "5021",
     .text = "maximum output tokens ({requested}) exceeded this model context window limit ({limit})",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.code = "3006|5021", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.code = "5007|3042", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // An agreement to be given once, a model that is not allowed, one of the paid plan.
    {.code = "5016|5018|3041|5035",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.code = "3023", .error_class = FREELLM_C_AUTH_FORBIDDEN, .scope = FREELLM_SCOPE_KEY},
    // A token that is none, one of a form that cannot be one, an account that is none.
    {.code = "9109|6003|6111|7000|7003", .error_class = FREELLM_C_AUTH_INVALID},
    // Either the token is wrong or it lacks the permission; only a test of the key tells.
    {.status = {401}, .code = "10000", .error_class = FREELLM_C_AUTH_INVALID, .definite = false},
    {.status = {403}, .code = "10000", .error_class = FREELLM_C_AUTH_FORBIDDEN, .definite = false},
    // The model could not keep to the schema.
    {.text = "json mode couldn't be met", .error_class = FREELLM_C_MALFORMED},
    {.code = "3003|5004|5005|5006|5019", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {400}, .text = "AiError: bad input", .error_class = FREELLM_C_BAD_REQUEST},
    {.code = "3007|3008|3046", .error_class = FREELLM_C_TIMEOUT},
    {.status = {500, 502, 503, 504}, .text = "InferenceUpstreamError", .error_class = FREELLM_C_SERVER_ERROR},
    {.code = "1031", .error_class = FREELLM_C_SERVER_ERROR},
    {.status = {429},
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS,
     .definite = false},
};

// The server's own default would cut answers after 256 tokens.
constexpr std::uint64_t usual_output = 8192;
constexpr std::uint64_t least_output = 1024;

constexpr sdk::OpenAiDialect dialect = {.chat_path = "/accounts/{key:1}/ai/v1/chat/completions",
                                        // Asks for token, account and permission in one and runs no model.
                                        .probe_path = "/accounts/{key:1}/ai/models/search?per_page=1",
                                        .key_min_length = 34,
                                        .credential_part = 2,
                                        .members = members,
                                        .default_max_tokens = usual_output,
                                        .messages = {.flatten_text_parts = true, .empty_for_null = true},
                                        .errors = errors,
                                        .embeddings_path = "/accounts/{key:1}/ai/v1/embeddings"};

constexpr sdk::Price dearest = {0, 45'170'000, 443'756'000};

bool hexadecimal(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool asks_for_json(const sdk::Call& call) noexcept {
  return call.has(FREELLM_CALL_JSON_OBJECT) || call.has(FREELLM_CALL_JSON_SCHEMA);
}

class Cloudflare final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "cloudflare";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Cloudflare() : OpenAiProvider(dialect) {}

  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  /// A model without a known price is held to be as dear as the dearest of the free plan.
  std::optional<std::uint64_t> cost_bound(std::string_view, const std::optional<sdk::Price>& price,
                                          std::uint64_t input, std::uint64_t output) const {
    return sdk::cost_at(price.value_or(dearest), input, output);
  }
  std::optional<std::uint64_t> stated_cost(const sdk::Headers& head) const {
    return sdk::thousandths_of(head.find("cf-ai-neurons").value_or(""));
  }

  /// account:token; of the account's 32 digits eight are shown.
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
    return OpenAiProvider::check_key_shape(first_8, length) &&
           std::all_of(first_8.begin(), first_8.end(), hexadecimal);
  }

  /// JSON mode and streams exclude one another.
  bool asks_stream(const sdk::Call& call) const override { return call.streams() && !asks_for_json(call); }

  /// The usual amount, less where the prompt (by its bytes) leaves no room for it in the window.
  std::uint64_t default_max_tokens(const sdk::Call& call) const override {
    const std::uint64_t window = call.context_tokens();
    const std::uint64_t prompt = call.body().size() / 3;
    const bool fits = prompt + usual_output <= window;
    if (window == 0 || fits || call.has(FREELLM_CALL_IMAGES)) return usual_output;
    return prompt + least_output < window ? window - prompt : least_output;
  }

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name != "reasoning_effort") return sdk::Edit::none;
    // Known of the GLM family alone, in three words.
    if (call.model().find("/glm-") == std::string_view::npos) return sdk::Edit::drop;
    if (text == "\"low\"" || text == "\"medium\"" || text == "\"high\"") return sdk::Edit::none;
    replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"low\"" : "\"high\"";
    return sdk::Edit::replace;
  }

  /// A content of null is refused and no flag tells of it; neither may it be missing beside tool calls.
  bool must_edit_messages(const sdk::Call& call) const override {
    return call.has(FREELLM_CALL_TOOL_HISTORY) ||
           call.find("messages").value_or("").find("null") != std::string_view::npos;
  }
  void edit_messages(const sdk::Call&, json::array& messages) const override {
    for (json::value& message : messages)
      if (!message.get_object().contains("content")) message.get_object()["content"] = "";
  }

  void edit_answer(json::object& answer) const override { to_openai(answer); }

  constexpr std::uint32_t served_endpoints() const noexcept {
    return sdk::bit(sdk::Endpoint::embeddings) | sdk::bit(sdk::Endpoint::images) |
           sdk::bit(sdk::Endpoint::speech);
  }
  void build_endpoint(sdk::Endpoint endpoint, const sdk::Call& call, sdk::RequestOut& out) const override {
    if (endpoint == sdk::Endpoint::embeddings) return OpenAiProvider::build_endpoint(endpoint, call, out);
    endpoint == sdk::Endpoint::images ? ask_for_image(call, out) : ask_for_speech(call, out);
    out.credential("authorization", "Bearer ", dialect.credential_part);
    out.header("content-type", "application/json");
    out.header("accept", "*/*");
  }
  bool read_endpoint(sdk::Endpoint endpoint, const sdk::Call& call, const sdk::Headers& head,
                     std::string_view body, sdk::AnswerOut& out, sdk::OutcomeOut& failure) const override {
    if (endpoint == sdk::Endpoint::embeddings)
      return OpenAiProvider::read_endpoint(endpoint, call, head, body, out, failure);
    if (endpoint == sdk::Endpoint::images ? read_image(head, body, out) : read_speech(head, body, out))
      return true;
    const auto said = sdk::parse_json(body);
    if (!said || !said->is_object()) throw sdk::Failure{FREELLM_E_PROTOCOL};
    classify_in_success(body, failure);
    return false;
  }
};

}  // namespace
}  // namespace freellmapi::cloudflare

FREELLM_PLUGIN("1.0.0", freellmapi::cloudflare::Cloudflare);
