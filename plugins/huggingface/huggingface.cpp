// Hugging Face Inference Providers: one router in front of many partners, whose own errors and habits come
// through; money is counted for the account alone.
#include <algorithm>
#include <freellmapi/openai.hpp>

#include "embeddings.hpp"
#include "manifest.hpp"

namespace freellmapi::huggingface {
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("logit_bias"),
                                       sdk::drop("user"),
                                       sdk::drop("parallel_tool_calls"),
                                       sdk::clamp("temperature", 0, 2),
                                       sdk::clamp("top_p", 0, 1),
                                       sdk::clamp("presence_penalty", -2, 2),
                                       sdk::clamp("frequency_penalty", -2, 2),
                                       sdk::clamp("top_logprobs", 0, 5),
                                       sdk::keep("tool_prompt")};

constexpr sdk::ErrorRow errors[] = {
    // A partner that the account has switched off says the same: never a reason to retire the model.
    {.status = {400},
     .code = "model_not_supported",
     .error_class = FREELLM_C_MODEL_NOT_FOUND,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {400},
     .text = "is not supported by any provider you have enabled",
     .error_class = FREELLM_C_MODEL_NOT_FOUND,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {401},
     .text = "invalid credentials|invalid username or password",
     .error_class = FREELLM_C_AUTH_INVALID},
    // All tokens of a user draw on one credit.
    {.status = {402},
     .text = "included credits|pre-paid credits",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_MONTH,
     .unit = FREELLM_UNIT_MONEY},
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED, .scope = FREELLM_SCOPE_ACCOUNT},
    {.status = {403},
     .text = "sufficient permissions to call inference providers",
     .error_class = FREELLM_C_AUTH_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {403},
     .text = "gated|accept the license|accept the terms|access to model*is restricted",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {404},
     .text = "not deployed|not available",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL},
    // What one partner does with an answer's format another refuses.
    {.status = {400, 422},
     .text = "response_format|response format|json_schema|json_object|structured output",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "response_format"},
    {.status = {400, 422},
     .text = "tool_choice|tool choice",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "tool_choice"},
    {.status = {429},
     .text = "rate limit|too many requests",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {500, 502, 503},
     .text = "overloaded|currently loading",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
};

constexpr std::string_view envelopes[] = {"x_groq"};

constexpr sdk::OpenAiDialect dialect = {.chat_path = "/v1/chat/completions",
                                        .probe_path = "/api/whoami-v2",
                                        .key_prefix = "hf_",
                                        .key_min_length = 20,
                                        .members = members,
                                        .stop_as_array = true,
                                        .envelopes = envelopes,
                                        .errors = errors};

constexpr std::string_view missing_permission =
    "the token may not call Inference Providers; its owner must give it the permission "
    "\"Make calls to Inference Providers\" (inference.serverless.write)";

class HuggingFace final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "huggingface";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr HuggingFace() : OpenAiProvider(dialect) {}

  // No header tells what is left.
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  /// Each partner has a bound of its own when nothing is said, some a small one.
  std::uint64_t default_max_tokens(const sdk::Call& call) const override {
    constexpr std::uint64_t usual = 8192;
    return call.context_tokens() == 0 ? usual
                                      : std::clamp<std::uint64_t>(call.context_tokens() / 4, 1, usual);
  }

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name != "reasoning_effort") return sdk::Edit::none;
    if (!call.model_can(FREELLM_MODEL_REASONING)) return sdk::Edit::drop;
    if (text != "\"max\"") return sdk::Edit::none;
    replacement = "\"xhigh\"";
    return sdk::Edit::replace;
  }

  void add_members(const sdk::Call& call, sdk::MemberWriter& out) const override {
    // Models that see think before they speak, until nothing is left to speak with.
    if (call.model_can(FREELLM_MODEL_REASONING) && call.model_can(FREELLM_MODEL_VISION) &&
        !call.find("reasoning_effort"))
      out.add_string("reasoning_effort", "low");
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    const freellm_outcome& sorted = out.raw();
    // A bare 404 is a partner's: the model is not deployed just now.
    if (facts.status == 404 && sorted.error_class == FREELLM_C_MODEL_NOT_FOUND && sorted.definite == 0)
      out.sort(FREELLM_C_MODEL_UNAVAILABLE, false, FREELLM_SCOPE_MODEL);
    // The sentence names the user; the owner needs to know what to do.
    if (facts.status == 403 && sorted.error_class == FREELLM_C_AUTH_FORBIDDEN && sorted.definite != 0)
      out.message(missing_permission);
  }

  constexpr std::uint32_t served_endpoints() const noexcept { return sdk::bit(sdk::Endpoint::embeddings); }
  void build_endpoint(sdk::Endpoint endpoint, const sdk::Call& call, sdk::RequestOut& out) const override {
    if (endpoint != sdk::Endpoint::embeddings) throw sdk::Failure{FREELLM_E_UNSUPPORTED};
    ask_for_features(call, out);
    out.credential("authorization", "Bearer ");
    out.header("content-type", "application/json");
    out.header("accept", "application/json");
  }
  bool read_endpoint(sdk::Endpoint, const sdk::Call& call, const sdk::Headers&, std::string_view body,
                     sdk::AnswerOut& out, sdk::OutcomeOut& failure) const override {
    if (read_features(call, body, out)) return true;
    if (!sdk::says_error(body)) throw sdk::Failure{FREELLM_E_PROTOCOL};
    classify_in_success(body, failure);
    return false;
  }
};

}  // namespace
}  // namespace freellmapi::huggingface

FREELLM_PLUGIN("1.0.0", freellmapi::huggingface::HuggingFace);
