// freellmapi/gateway.hpp - base class of gateways: one address, many servers behind it, and what those say
// handed on inside {"error":{"code","message","metadata":{...}}}. OpenRouter's shapes, which its resellers
// pass through.
#pragma once

#include <array>
#include <cstddef>
#include <freellmapi/openai.hpp>

namespace freellmapi::sdk {

/// Members such a gateway takes beyond OpenAI's. `models` and `route` stay out: with them the gateway would
/// choose another model than ours, one that costs money included. `n` is not served.
inline constexpr MemberRule gateway_members[] = {keep("top_k"),
                                                 keep("top_a"),
                                                 keep("min_p"),
                                                 keep("repetition_penalty"),
                                                 keep("structured_outputs"),
                                                 keep("reasoning"),
                                                 keep("provider"),
                                                 keep("plugins"),
                                                 keep("transforms"),
                                                 keep("usage"),
                                                 clamp("temperature", 0, 2)};

/// What its sentences mean. A gateway with sentences of its own puts its rows in front: join_rows.
inline constexpr ErrorRow gateway_rows[] = {
    {.status = {400}, .text = "is not a valid model", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {401},
     .text = "user not found|no auth credentials found|invalid credentials",
     .error_class = FREELLM_C_AUTH_INVALID},
    // A short budget of calls on the way, not an empty account.
    {.status = {402},
     .type = "openrouter_in_flight_budget",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .unit = FREELLM_UNIT_MONEY},
    // This call is dearer than what is left; a model without a price still answers.
    {.status = {402},
     .text = "requires more credits, or fewer max_tokens",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    {.status = {402},
     .text = "insufficient credit|negative balance",
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_ACCOUNT},
    {.status = {402},
     .error_class = FREELLM_C_PAYMENT_REQUIRED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .definite = false},
    {.status = {403}, .type = "moderation", .error_class = FREELLM_C_CONTENT_FILTERED},
    {.status = {403},
     .text = "key limit exceeded",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY,
     .unit = FREELLM_UNIT_MONEY},
    // The privacy settings of the account shut the free servers out; the next key may be of another account.
    {.status = {404},
     .text = "no endpoints found matching your data policy",
     .error_class = FREELLM_C_MODEL_FORBIDDEN,
     .scope = FREELLM_SCOPE_KEY_MODEL},
    // What this request needs (tools, images, a parameter) no server of the model has just now.
    {.status = {404},
     .text = "no endpoints found that",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_REQUEST},
    // Comes and goes with the servers: never a reason to retire the model.
    {.status = {404},
     .text = "no endpoints found",
     .error_class = FREELLM_C_MODEL_UNAVAILABLE,
     .scope = FREELLM_SCOPE_MODEL,
     .wait = std::chrono::hours(1)},
    {.status = {404},
     .text = "unavailable for free|no longer available as a free model",
     .error_class = FREELLM_C_MODEL_GONE},
    {.status = {413}, .error_class = FREELLM_C_CONTEXT_TOO_LONG, .definite = false},
    {.status = {429},
     .text = "free-models-per-day",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .type = "openrouter_free_tier_daily",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    {.status = {429},
     .text = "free-models-per-min",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    // The server behind the model throttles the gateway; other models go on.
    {.status = {429},
     .text = "rate-limited upstream|provider returned error",
     .error_class = FREELLM_C_OVERLOADED,
     .scope = FREELLM_SCOPE_MODEL,
     .wait = std::chrono::seconds(30)},
};

/// One table of two, tried in this order.
template <class Row, std::size_t N, std::size_t M>
constexpr std::array<Row, N + M> join_rows(const Row (&first)[N], const Row (&second)[M]) {
  std::array<Row, N + M> rows{};
  for (std::size_t i = 0; i < N; ++i) rows[i] = first[i];
  for (std::size_t i = 0; i < M; ++i) rows[N + i] = second[i];
  return rows;
}

/// Reads what stands in `metadata`. An error that is only handed on becomes the server's own sentence, code
/// and wait (`passed_on`); the type becomes "moderation" or the limit_source; the gateway's reset becomes the
/// wait.
void unwrap_gateway_error(ErrorFacts& facts);

/// Thread safety: constant; every function from any thread.
class GatewayProvider : public OpenAiProvider {
 public:
  using OpenAiProvider::OpenAiProvider;

  Edit edit_member(const Call& call, std::string_view name, std::string_view json,
                   std::string& replacement) const override;
  void edit_error(ErrorFacts& facts) const override;
  /// A server that refuses the gateway's key, or throttles it, says nothing about ours.
  void edit_outcome(const ErrorFacts& facts, const Headers& head, OutcomeOut& out) const override;
  /// X-RateLimit-* of a 429: of the minute or of the day, which only the numbers tell.
  void add_limits(const Headers& head, std::int64_t now_unix_ms, WindowsOut& out) const override;

 protected:
  constexpr ~GatewayProvider() = default;
};

}  // namespace freellmapi::sdk
