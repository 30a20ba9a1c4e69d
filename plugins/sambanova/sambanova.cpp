// SambaNova Cloud: OpenAI's wire with two request windows in the headers; hybrid models think by a template
// switch.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;
namespace json = boost::json;

namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("user"),         sdk::clamp("temperature", 0, 2),
                                       sdk::clamp("top_p", 0, 1), sdk::keep("top_k"),
                                       sdk::keep("do_sample"),    sdk::keep("chat_template_kwargs")};

constexpr sdk::ErrorRow errors[] = {
    {.status = {400, 422},
     .text = "exceed*context length|maximum context length",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {401}, .error_class = FREELLM_C_AUTH_INVALID},
    // Trial credit that lapsed: it does not come back by itself, for no model of the account.
    {.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED, .scope = FREELLM_SCOPE_KEY},
    {.status = {403},
     .text = "payment method|credit",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {422}, .text = "valid service tier", .error_class = FREELLM_C_MODEL_FORBIDDEN},
    // Requests are counted for each model, the tokens of a day for the account.
    {.status = {429},
     .text = "tokens per day|token*per day|daily token|(TPD)",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_TOKENS},
    {.status = {429},
     .text = "rate limit",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
};

constexpr sdk::LimitHeaders limits[] = {{.unit = FREELLM_UNIT_REQUESTS,
                                         .window = FREELLM_WINDOW_MINUTE,
                                         .scope = FREELLM_SCOPE_KEY_MODEL,
                                         .limit = "x-ratelimit-limit-requests",
                                         .remaining = "x-ratelimit-remaining-requests",
                                         .reset = "x-ratelimit-reset-requests"},
                                        {.unit = FREELLM_UNIT_REQUESTS,
                                         .window = FREELLM_WINDOW_DAY,
                                         .scope = FREELLM_SCOPE_KEY_MODEL,
                                         .limit = "x-ratelimit-limit-requests-day",
                                         .remaining = "x-ratelimit-remaining-requests-day",
                                         .reset = "x-ratelimit-reset-requests-day"}};

constexpr sdk::OpenAiDialect dialect = {.key_min_length = 20,
                                        .members = members,
                                        .max_stops = 64,
                                        .errors = errors,
                                        .limits = limits,
                                        .embeddings_path = "/embeddings"};

/// Models that answer at once unless the chat template is told otherwise.
bool thinks_by_switch(std::string_view model) { return model.starts_with("DeepSeek-V3"); }

/// Remote pictures are not fetched there.
bool has_remote_image(std::string_view messages) {
  const auto value = sdk::parse_json(messages);
  if (!value || !value->is_array()) return false;
  for (const json::value& message : value->get_array()) {
    const json::value* const content =
        message.is_object() ? message.get_object().if_contains("content") : nullptr;
    if (content == nullptr || !content->is_array()) continue;
    for (const json::value& part : content->get_array()) {
      const json::object* const image =
          part.is_object() ? sdk::object_at(part.get_object(), "image_url") : nullptr;
      if (image != nullptr && !sdk::string_at(*image, "url").starts_with("data:")) return true;
    }
  }
  return false;
}

class SambaNova final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "sambanova";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr SambaNova() : OpenAiProvider(dialect) {}

  // The list of models asks for no key, so only a chat would prove one.
  void build_probe(sdk::RequestOut&) const = delete;

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    if (name == "messages" && call.has(FREELLM_CALL_IMAGES) && has_remote_image(text))
      throw sdk::Failure{FREELLM_E_INVALID};
    if (name != "reasoning_effort") return sdk::Edit::none;
    if (!call.model_can(FREELLM_MODEL_REASONING) || thinks_by_switch(call.model())) return sdk::Edit::drop;
    if (text == "\"low\"" || text == "\"medium\"" || text == "\"high\"") return sdk::Edit::none;
    replacement = text == "\"none\"" || text == "\"minimal\"" ? "\"low\"" : "\"high\"";
    return sdk::Edit::replace;
  }

  void add_members(const sdk::Call& call, sdk::MemberWriter& out) const override {
    const auto effort = call.find("reasoning_effort");
    if (!effort || !call.model_can(FREELLM_MODEL_REASONING) || !thinks_by_switch(call.model()) ||
        call.find("chat_template_kwargs"))
      return;
    out.add("chat_template_kwargs",
            *effort == "\"none\"" ? R"({"enable_thinking":false})" : R"({"enable_thinking":true})");
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    const std::uint32_t sorted = out.raw().error_class;
    // A bare 403 is a model beyond the plan; a bad key is a 401.
    if (facts.status == 403 && sorted == FREELLM_C_AUTH_FORBIDDEN)
      out.sort(FREELLM_C_MODEL_FORBIDDEN, false, FREELLM_SCOPE_KEY_MODEL);
    if (facts.status == 410 && sorted == FREELLM_C_MODEL_GONE) out.sort(sorted, !facts.html);
    // decimal_above_max_value and its like name the member that is wrong.
    if (sorted == FREELLM_C_BAD_REQUEST && sdk::matches("_above_max_value|_below_min_value", facts.code) &&
        facts.param.find_first_of(".[") == facts.param.npos)
      out.repair(facts.param);
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", SambaNova);
