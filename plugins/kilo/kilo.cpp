// Kilo Gateway: OpenRouter's shapes behind an address that takes anonymous calls, counted by IP.
#include <freellmapi/gateway.hpp>
#include <freellmapi/held_parser.hpp>
#include <freellmapi/json.hpp>

#include "manifest.hpp"

namespace freellmapi::kilo {
namespace {

namespace json = boost::json;

constexpr sdk::MemberRule own_members[] = {
    // Several of the free servers answer 400 to it.
    sdk::drop("response_format"), sdk::drop("structured_outputs"),
    // Written anew on the way.
    sdk::drop("user")};
constexpr auto members = sdk::join_rows(own_members, sdk::gateway_members);

constexpr sdk::ErrorRow own_errors[] = {
    {.status = {400},
     .text = "unable to determine client ip|could not parse request body|only accepts the path",
     .error_class = FREELLM_C_BAD_REQUEST},
    // Neither of these two speaks of the key.
    {.status = {401},
     .code = "PROMOTION_MODEL_LIMIT_REACHED",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_IP,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {401}, .code = "PAID_MODEL_AUTH_REQUIRED", .error_class = FREELLM_C_MODEL_FORBIDDEN},
    // A priced model and an empty account; the free ones still answer.
    {.status = {402}, .body = "\"balance\"|buyCreditsUrl", .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {404}, .text = "alpha period", .error_class = FREELLM_C_MODEL_GONE},
    {.status = {404}, .text = "not allowed for your team", .error_class = FREELLM_C_MODEL_FORBIDDEN},
    {.status = {404},
     .text = "model could not be found|model not found",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    // An hour that rolls: some of it is open again soon, and no header says when.
    {.status = {429},
     .text = "free model usage limit reached",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_IP,
     .window = FREELLM_WINDOW_HOUR,
     .unit = FREELLM_UNIT_REQUESTS,
     .wait = std::chrono::minutes(5)},
    // The gateway's own account with the server of this model is empty.
    {.status = {503},
     .text = "service is temporarily unavailable",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL,
     .wait = std::chrono::minutes(5)},
};
constexpr auto errors = sdk::join_rows(own_errors, sdk::gateway_rows);

constexpr sdk::OpenAiDialect dialect = {.probe_path = "",
                                        .key_min_length = 20,
                                        .key_max_length = 4096,
                                        .members = members,
                                        .messages = {.reasoning_details = true},
                                        .errors = errors};

// A guard model that leaks: an answer that is exactly one of these words is none.
constexpr std::string_view guard_words[] = {"safe", "unsafe"};
bool is_guard_word(std::string_view text) noexcept {
  return sdk::trimmed(text) == guard_words[0] || sdk::trimmed(text) == guard_words[1];
}
bool may_be_guard_word(std::string_view text) noexcept {
  const std::string_view said = sdk::trimmed(text);
  if (said.empty() || is_guard_word(said)) return true;
  // Once a blank has followed it, half a word stays half a word.
  const bool open = sdk::blanks.find(text.back()) == sdk::blanks.npos;
  return open && (guard_words[0].starts_with(said) || guard_words[1].starts_with(said));
}

class Kilo final : public sdk::GatewayProvider {
 public:
  static constexpr std::string_view id = "kilo";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Kilo() : GatewayProvider(dialect) {}

  class Parser final : public sdk::HeldParser {
   public:
    Parser(const Kilo& provider, const sdk::Call& call, const sdk::Headers& head)
        : HeldParser(provider, call, head, &may_be_guard_word, &is_guard_word),
          whole_(sdk::matches("json", head.find("content-type").value_or(""))) {}

   private:
    bool caught(const sdk::HoldBack&, sdk::OutcomeOut& outcome) override {
      outcome.sort(FREELLM_C_EMPTY, true);
      outcome.message("a guard model answered in place of the model");
      return true;
    }
    // A long answer in one piece is cut at the edge's size: the same call would be cut again.
    freellm_status on_failure(freellm_status status) override {
      return status == FREELLM_E_TRUNCATED && whole_ ? freellm_status{FREELLM_E_PROTOCOL} : status;
    }

    bool whole_;
  };

  // Anonymous callers have no key, the list of models is public, and no header tells a limit.
  void build_probe(sdk::RequestOut&) const = delete;
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  void edit_error(sdk::ErrorFacts& facts) const override {
    // {"error": "a title", "message": "what is the matter"}
    const auto body = sdk::parse_json(facts.body);
    const json::object* const root = body ? body->if_object() : nullptr;
    if (root != nullptr && !sdk::string_at(*root, "error").empty())
      if (const std::string_view sentence = sdk::string_at(*root, "message"); !sentence.empty())
        facts.message = sentence.substr(0, 4096);
    GatewayProvider::edit_error(facts);
  }
};

}  // namespace
}  // namespace freellmapi::kilo

FREELLM_PLUGIN("1.0.0", freellmapi::kilo::Kilo);
