// Pollinations' gateway: it hides the upstream's refusals behind a 502, speaks of money in a 402, and answers
// some refusals with a 200 that holds a sentence of its own.
#include <algorithm>
#include <freellmapi/held_parser.hpp>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "manifest.hpp"
#include "notice.hpp"

namespace freellmapi::pollinations {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("logit_bias"), sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"), sdk::keep("top_k")};

// Conditions on the body of the answer. What an upstream wrote stands in it as text, so it cannot match them.
constexpr std::string_view from_upstream = "\"name\":\"UpstreamError\"|\"name\": \"UpstreamError\"";
constexpr std::string_view upstream_429 = "\"upstreamStatus\":429|\"upstreamStatus\": 429";
constexpr std::string_view upstream_refusal =
    "\"upstreamStatus\":401|\"upstreamStatus\":403|\"upstreamStatus\":404|"
    "\"upstreamStatus\": 401|\"upstreamStatus\": 403|\"upstreamStatus\": 404";

constexpr sdk::ErrorRow errors[] = {
    // 502: the upstream's 401, 403, 404, 409, 415 and 429. None of it is about our key.
    {.status = {502},
     .body = upstream_429,
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {502},
     .body = upstream_refusal,
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL},
    // The gateway's own account at the upstream, not ours.
    {.status = {402},
     .body = from_upstream,
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL},
    {.status = {400},
     .text = "insufficient|billing|quota|payment|credit|api key|api token|unauthorized",
     .body = from_upstream,
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL},
    // The request itself; edit_outcome names the member.
    {.status = {400}, .body = "\"fieldErrors\":|\"formErrors\":", .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {400},
     .text = "invalid service or alias|invalid model|unknown model",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {401}, .error_class = FREELLM_C_AUTH_INVALID},
    // 402, from what is only this model's to what is the whole account's.
    {.status = {402},
     .text = "requires a paid balance|requires*top-up pollen|tier pollen cannot|needs paid pollen",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {402},
     .text = "api key budget too low",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {402},
     .text = "this model costs",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_HOUR,
     .unit = FREELLM_UNIT_MONEY,
     .definite = false},
    // The same sentence for an account without credit (a secret key: until somebody pays, or the hourly,
    // daily
    // or weekly grant comes) and for a publishable key whose pollen grows back each hour. The key's kind is
    // not
    // seen here. To ask again after an hour costs the one a refusal that is not billed, and is right for the
    // other; a day's rest would cost the other a day.
    {.status = {402},
     .text = "insufficient pollen balance|insufficient balance|have enough credits|only spends quest pollen",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_HOUR,
     .unit = FREELLM_UNIT_MONEY,
     .definite = false},
    // A budget that its owner gave the key; nothing refills it.
    {.status = {402},
     .text = "budget",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_KEY},
    {.status = {403},
     .code = "FORBIDDEN",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    // One generation at a time for an account that never paid.
    {.status = {429},
     .text = "concurrency_limit_exceeded|another generation is still running",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .unit = FREELLM_UNIT_CONCURRENCY},
    // Before any key is looked at.
    {.status = {429},
     .text = "requests from this ip",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_IP,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "limited to one request per ip every",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_MODEL,
     .unit = FREELLM_UNIT_REQUESTS},
    // A publishable key's bucket of money, by key and address.
    {.status = {429},
     .text = "too quickly|rate limit exceeded",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY,
     .window = FREELLM_WINDOW_HOUR,
     .unit = FREELLM_UNIT_MONEY},
    {.status = {524}, .error_class = FREELLM_C_OVERLOADED, .definite = false},
};

constexpr sdk::OpenAiDialect dialect = {.probe_path = "/account/key",
                                        .members = members,
                                        .errors = errors,
                                        .embeddings_path = "/embeddings",
                                        .images_path = "/images/generations",
                                        .speech_path = "/audio/speech"};

constexpr std::int64_t second_ms = 1'000, hour_ms = 3'600 * second_ms;

/// The first member that the gateway's check of the request complains of; "" when it names none.
std::string refused_member(std::string_view body) {
  const auto parsed = sdk::parse_json(body);
  const json::object* at = parsed ? parsed->if_object() : nullptr;
  for (const std::string_view name : {"error", "details", "fieldErrors"})
    at = at == nullptr ? nullptr : sdk::object_at(*at, name);
  return at == nullptr || at->empty() ? std::string() : std::string(at->begin()->key());
}

class Pollinations final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "pollinations";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Pollinations() : OpenAiProvider(dialect) {}

  class Parser final : public sdk::HeldParser {
   public:
    Parser(const Pollinations& provider, const sdk::Call& call, const sdk::Headers& head)
        : HeldParser(provider, call, head, &may_be_notice, &is_notice), provider_(provider) {}

   private:
    // What a model says was counted; a notice costs nothing.
    bool caught(const sdk::HoldBack& held, sdk::OutcomeOut& outcome) override {
      const std::uint64_t counted = held.usage().output;
      if (counted != sdk::not_said && counted > 0) return false;
      provider_.classify_in_success(notice_as_error(held.text()), outcome);
      return true;
    }

    const Pollinations& provider_;
  };

  // Secret or publishable.
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
    return OpenAiProvider::check_key_shape(first_8, length) &&
           (first_8.starts_with("sk_") || first_8.starts_with("pk_"));
  }

  // No limit is told in a header.
  void read_limits(const sdk::Headers&, std::int64_t, sdk::WindowsOut&) const = delete;

  // An answer in sound carries its words beside it.
  void edit_choice(json::object& choice) const override {
    json::value* const message = choice.if_contains("message");
    json::object* const said = message == nullptr ? nullptr : message->if_object();
    const json::object* const audio = said == nullptr ? nullptr : sdk::object_at(*said, "audio");
    if (audio == nullptr || !sdk::string_at(*said, "content").empty()) return;
    const std::string transcript(sdk::string_at(*audio, "transcript"));
    if (!transcript.empty()) (*said)["content"] = transcript;
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    freellm_outcome& o = out.raw();
    if (o.error_class == FREELLM_C_BAD_REQUEST && o.repair_field[0] == '\0') {
      const std::string member = refused_member(facts.body);
      if (member != "messages" && member != "model") out.repair(member);
    }
    if (o.error_class == FREELLM_C_OVERLOADED && facts.status == 502)
      o.retry_after_ms = std::max(o.retry_after_ms, 30 * second_ms);
    if (o.retry_after_ms >= 0) return;
    // How long it takes where the gateway does not say.
    const bool money = o.error_class == FREELLM_C_QUOTA_EXHAUSTED && o.unit == FREELLM_UNIT_MONEY;
    if (money || o.error_class == FREELLM_C_MODEL_UNAVAILABLE) o.retry_after_ms = hour_ms;
    if (o.error_class == FREELLM_C_RATE_LIMITED && o.scope == FREELLM_SCOPE_IP)
      o.retry_after_ms = 10 * second_ms;
  }
};

}  // namespace
}  // namespace freellmapi::pollinations

FREELLM_PLUGIN("1.0.0", freellmapi::pollinations::Pollinations);
