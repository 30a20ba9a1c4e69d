// GitHub Models: Azure's dialect of OpenAI's wire, limits of the user said in sentences, and since 2026-07-30
// a 410 for everybody.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <string_view>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

constexpr sdk::MemberRule members[] = {sdk::clamp("temperature", 0, 2)};

constexpr sdk::ErrorRow errors[] = {
    {.code = "github_models_retirement_brownout",
     .error_class = FREELLM_C_PROVIDER_GONE,
     .scope = FREELLM_SCOPE_PROVIDER},
    {.status = {410},
     .error_class = FREELLM_C_PROVIDER_GONE,
     .scope = FREELLM_SCOPE_PROVIDER,
     .definite = false},
    // In the list, but not for this plan.
    {.status = {400},
     .code = "unavailable_model",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {400, 404}, .code = "unknown_model", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {400}, .body = "ResponsibleAIPolicyViolation", .error_class = FREELLM_C_CONTENT_FILTERED},
    {.status = {400}, .code = "content_filter", .error_class = FREELLM_C_CONTENT_FILTERED},
    // The bound on the answer: without it the model stops where it must.
    {.status = {400},
     .text = "max_tokens is too large|max_completion_tokens is too large",
     .error_class = FREELLM_C_BAD_REQUEST,
     .repair = "max_tokens"},
    {.status = {400},
     .text = "unsupported value: '{field}' does not support",
     .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {401, 403},
     .text = "permission is required",
     .error_class = FREELLM_C_AUTH_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {401}, .code = "unauthorized", .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {401}, .text = "bad credentials", .error_class = FREELLM_C_AUTH_INVALID},
    // GitHub's guard in front of everything; also where a key is checked.
    {.status = {403, 429},
     .body = "scraping GitHub|secondary rate limit|API rate limit exceeded",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {403},
     .code = "no_access",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {403},
     .text = "no access",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {413}, .code = "tokens_limit_reached", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {429},
     .text = "exceeded for UserConcurrentRequests",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .unit = FREELLM_UNIT_CONCURRENCY},
    {.status = {429},
     .text = "rate limit of {limit} per {n}s exceeded for UserByModelByDay",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "rate limit of {limit} per {n}s exceeded for UserByModelByMinute",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    // Other counters of the same sentence; its seconds tell the window.
    {.status = {429},
     .text = "rate limit of {limit} per {n}s exceeded for",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
};

constexpr sdk::OpenAiDialect dialect = {.probe_path = "/user",
                                        .key_min_length = 40,
                                        .members = members,
                                        .errors = errors,
                                        .embeddings_path = "/embeddings"};

/// The model's name without its publisher.
std::string_view bare(std::string_view model) noexcept {
  const std::size_t slash = model.rfind('/');
  return slash == model.npos ? model : model.substr(slash + 1);
}
bool of_openai(std::string_view model) noexcept {
  return model.starts_with("openai/") || model.find('/') == model.npos;
}
/// The o series and GPT-5: another name for the bound, and no say in sampling.
bool thinks_by_itself(std::string_view model) noexcept {
  const std::string_view name = bare(model);
  return name.starts_with("gpt-5") ||
         (name.size() >= 2 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9');
}
bool without_system(std::string_view model) noexcept {
  return bare(model).starts_with("o1-mini") || bare(model).starts_with("o1-preview");
}

bool samples(std::string_view member) noexcept {
  for (const std::string_view name : {"temperature", "top_p", "presence_penalty", "frequency_penalty",
                                      "logit_bias", "logprobs", "top_logprobs"})
    if (name == member) return true;
  return false;
}

std::uint32_t window_of(std::string_view type) noexcept {
  if (type.find("ByDay") != type.npos) return FREELLM_WINDOW_DAY;
  return type.find("ByMinute") != type.npos ? FREELLM_WINDOW_MINUTE : FREELLM_WINDOW_UNKNOWN;
}

class GitHub final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "github";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr GitHub() : OpenAiProvider(dialect) {}

  /// Fine-grained and classic tokens, and those of apps.
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
    const bool known = first_8.starts_with("github_p") || first_8.starts_with("ghp_") ||
                       first_8.starts_with("ghu_") || first_8.starts_with("ghs_");
    return known && OpenAiProvider::check_key_shape(first_8, length);
  }

  void build_probe(sdk::RequestOut& out) const {
    out.target("GET", dialect.probe_path);
    out.credential("authorization", "Bearer ");
    out.header("accept", "application/vnd.github+json");
    out.header("x-github-api-version", "2022-11-28");
  }

  // OpenAI's models know both names; the client's, or that of a repair, is the right one.
  std::string_view max_tokens_name(const sdk::Call& call) const override {
    const bool newer = call.find("max_completion_tokens") && !call.find("max_tokens");
    return thinks_by_itself(call.model()) || (newer && of_openai(call.model())) ? "max_completion_tokens"
                                                                                : "max_tokens";
  }

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (samples(name) && thinks_by_itself(call.model())) return sdk::Edit::drop;
    if (name != "reasoning_effort") return sdk::Edit::none;
    if (!call.model_can(FREELLM_MODEL_REASONING)) return sdk::Edit::drop;
    if (text == "\"low\"" || text == "\"medium\"" || text == "\"high\"") return sdk::Edit::none;
    replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"low\"" : "\"high\"";
    return sdk::Edit::replace;
  }

  bool must_edit_messages(const sdk::Call& call) const override { return without_system(call.model()); }
  void edit_messages(const sdk::Call& call, json::array& messages) const override {
    if (!without_system(call.model())) return;
    for (json::value& message : messages)
      if (sdk::string_at(message.get_object(), "role") == "system")
        message.get_object()["role"] = "developer";
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers& head,
                    sdk::OutcomeOut& out) const override {
    freellm_outcome& o = out.raw();
    if (facts.status == 429 && o.definite == 0) {
      // A body without its sentence: the field tells which counter is full.
      const std::uint32_t window = window_of(head.find("x-ratelimit-type").value_or(""));
      if (window != FREELLM_WINDOW_UNKNOWN) {
        out.sort(window == FREELLM_WINDOW_DAY ? FREELLM_C_QUOTA_EXHAUSTED : FREELLM_C_RATE_LIMITED, true,
                 FREELLM_SCOPE_KEY_MODEL);
        out.window(window, FREELLM_UNIT_REQUESTS);
      }
    }
    if (o.error_class != FREELLM_C_RATE_LIMITED) return;
    constexpr std::int64_t another_ends = 5'000, guard = 60'000;
    if (o.unit == FREELLM_UNIT_CONCURRENCY && o.retry_after_ms <= 0) o.retry_after_ms = another_ends;
    if (o.scope == FREELLM_SCOPE_KEY && o.retry_after_ms < guard) o.retry_after_ms = guard;
  }

  // Only a refusal speaks of the user's own counters.
  void add_limits(const sdk::Headers& head, std::int64_t now_unix_ms, sdk::WindowsOut& out) const override {
    const std::uint32_t window = window_of(head.find("x-ratelimit-type").value_or(""));
    if (head.status() != 429 || window == FREELLM_WINDOW_UNKNOWN) return;
    const auto wait = sdk::parse_wait(head.find("x-ratelimit-timeremaining").value_or(""), now_unix_ms);
    out.add(FREELLM_UNIT_REQUESTS, window, FREELLM_SCOPE_KEY_MODEL, std::nullopt, 0,
            wait ? wait->from_now.count() : -1);
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", GitHub);
