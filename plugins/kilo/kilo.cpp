// Kilo Gateway: OpenRouter's shapes behind an address that takes anonymous calls, counted by IP.
#include <freellmapi/gateway.hpp>
#include <freellmapi/hold_back.hpp>
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
constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t from = text.find_first_not_of(blanks);
  return from == text.npos ? std::string_view{} : text.substr(from, text.find_last_not_of(blanks) - from + 1);
}
bool is_guard_word(std::string_view text) noexcept {
  return trimmed(text) == guard_words[0] || trimmed(text) == guard_words[1];
}
bool may_be_guard_word(std::string_view text) noexcept {
  const std::string_view said = trimmed(text);
  if (said.empty() || is_guard_word(said)) return true;
  // Once a blank has followed it, half a word stays half a word.
  const bool open = blanks.find(text.back()) == blanks.npos;
  return open && (guard_words[0].starts_with(said) || guard_words[1].starts_with(said));
}

class Kilo final : public sdk::GatewayProvider {
 public:
  static constexpr std::string_view id = "kilo";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Kilo() : GatewayProvider(dialect) {}

  class Parser : public sdk::OpenAiParser {
   public:
    Parser(const Kilo& provider, const sdk::Call& call, const sdk::Headers& head)
        : OpenAiParser(provider, call, head),
          whole_(sdk::matches("json", head.find("content-type").value_or(""))) {}
    void feed(std::string_view bytes, sdk::EventsOut& out) {
      if (settled_) return;
      sdk::EventsOut held(hold_.before(out));
      parse(out, [&] { OpenAiParser::feed(bytes, held); });
      if (done()) settle(out);
    }
    void finish(sdk::EventsOut& out) {
      if (settled_) return;
      sdk::EventsOut held(hold_.before(out));
      parse(out, [&] { OpenAiParser::finish(held); });
      settle(out);
    }

   private:
    template <class F>
    void parse(sdk::EventsOut& out, F&& body) {
      try {
        body();
      } catch (const sdk::Failure& failure) {
        hold_.release(out);
        // A long answer in one piece is cut at the edge's size: the same call would be cut again.
        if (failure.status == FREELLM_E_TRUNCATED && whole_) throw sdk::Failure{FREELLM_E_PROTOCOL};
        throw;
      }
    }
    void settle(sdk::EventsOut& out) {
      settled_ = true;
      if (!hold_.caught()) return hold_.release(out);
      freellm_outcome outcome = sdk::fresh_outcome();
      sdk::OutcomeOut sorted(outcome);
      sorted.sort(FREELLM_C_EMPTY, true);
      sorted.message("a guard model answered in place of the model");
      out.error(outcome);
    }

    sdk::HoldBack hold_{&may_be_guard_word, &is_guard_word};
    bool whole_;
    bool settled_ = false;
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
