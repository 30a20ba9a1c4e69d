// What follows from a classified end of an attempt: one row per class, total over the enumeration.
// Durations and scopes: providers.md 18.2, restated.
#pragma once

#include <freellmapi/abi.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/provider.hpp"
#include "net/upstream.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::relay {

/// What this request does next.
enum class Next {
  key,             ///< another key of the same model, then on down the chain
  model,           ///< no other key of this model: the next model
  provider,        ///< nothing more from this provider
  larger_window,   ///< only models with a larger context window
  elsewhere_once,  ///< one more try at another provider, then the failure goes to the client
};

/// How long the bench grows when the same thing happens again and again.
enum class Growth { none, doubling };

struct Ruling {
  std::uint32_t error_class;
  std::string_view name;  ///< in trails, details and logs
  Next next;
  std::optional<quota::BenchScope> bench;  ///< nullopt: nobody is benched
  std::chrono::seconds first{0};           ///< the bench's length, when the provider states none
  std::chrono::seconds most{0};            ///< and where its growth ends
  Growth growth = Growth::none;
  unsigned after = 1;       ///< this many failures in a row start the bench
  bool repairable = false;  ///< one retry in place when the outcome names a field to mend
  /// The bench opens a circuit: when it is over one request at a time finds out whether it has to go on.
  bool circuit = false;
};

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Bench = quota::BenchScope;

/// Ends that neither a plugin nor the wire can tell of: the answer came whole, and breaks what the request
/// asked of it.
inline constexpr std::uint32_t invalid_tool_call = host::plugin_failed + 1;
inline constexpr std::uint32_t invalid_json = host::plugin_failed + 2;

inline constexpr bool circuit = true;

// What is broken and not spent rests for seconds: its circuit lets one request of those that come anyway find
// out, and what that costs is less than a provider that is well again and not used. Where the rests end in 30
// s a provider is back 30 s after it recovered, at the latest.
inline constexpr std::array<Ruling, 25> rulings{{
    {FREELLM_C_UNKNOWN, "unknown", Next::provider, std::nullopt},
    {FREELLM_C_RATE_LIMITED, "rate_limited", Next::key, Bench::key_model, seconds{60}, hours{24}},
    {FREELLM_C_QUOTA_EXHAUSTED, "quota_exhausted", Next::key, Bench::key_model, minutes{10}, hours{24 * 31}},
    {FREELLM_C_AUTH_INVALID, "auth_invalid", Next::key, Bench::key, minutes{5}, minutes{5}},
    {FREELLM_C_AUTH_FORBIDDEN, "auth_forbidden", Next::key, Bench::key, hours{1}, hours{24},
     Growth::doubling},
    {FREELLM_C_PAYMENT_REQUIRED, "payment_required", Next::key, Bench::key_model, hours{24}, hours{24}},
    {FREELLM_C_MODEL_NOT_FOUND, "model_not_found", Next::model, Bench::model, hours{24}, hours{24}},
    {FREELLM_C_MODEL_GONE, "model_gone", Next::model, Bench::model, hours{24 * 7}, hours{24 * 7}},
    {FREELLM_C_MODEL_UNAVAILABLE, "model_unavailable", Next::model, Bench::model, minutes{10}, hours{1},
     Growth::doubling},
    {FREELLM_C_MODEL_FORBIDDEN, "model_forbidden", Next::key, Bench::key_model, hours{24}, hours{24 * 7},
     Growth::doubling},
    {FREELLM_C_CONTEXT_TOO_LONG, "context_too_long", Next::larger_window, std::nullopt},
    {FREELLM_C_BAD_REQUEST, "bad_request", Next::elsewhere_once, std::nullopt, seconds{0}, seconds{0},
     Growth::none, 1, true},
    // Where the policy says `fail`, the first one ends the request.
    {FREELLM_C_CONTENT_FILTERED, "content_filtered", Next::model, std::nullopt},
    {FREELLM_C_OVERLOADED, "overloaded", Next::model, Bench::model, seconds{5}, seconds{30}, Growth::doubling,
     1, false, circuit},
    {FREELLM_C_SERVER_ERROR, "server_error", Next::model, Bench::model, seconds{2}, seconds{30},
     Growth::doubling, 3, false, circuit},
    {FREELLM_C_TIMEOUT, "timeout", Next::model, Bench::model, seconds{5}, seconds{30}, Growth::doubling, 2,
     false, circuit},
    {FREELLM_C_NETWORK, "network", Next::provider, Bench::provider, seconds{2}, seconds{30}, Growth::doubling,
     2, false, circuit},
    {FREELLM_C_MALFORMED, "malformed_response", Next::model, Bench::model, seconds{5}, seconds{30},
     Growth::doubling, 2, false, circuit},
    {FREELLM_C_EMPTY, "empty_completion", Next::model, Bench::model, seconds{5}, seconds{30},
     Growth::doubling, 3, false, circuit},
    {FREELLM_C_TRUNCATED, "truncated_stream", Next::model, Bench::model, seconds{5}, seconds{30},
     Growth::doubling, 2, false, circuit},
    {FREELLM_C_PROVIDER_GONE, "provider_gone", Next::provider, Bench::provider, hours{24 * 7}, hours{24 * 7}},
    {FREELLM_C_PROVIDER_BLOCKED, "provider_blocked", Next::provider, Bench::provider, hours{1}, hours{1}},
    {host::plugin_failed, "plugin_failed", Next::provider, Bench::provider, minutes{10}, hours{24},
     Growth::doubling},
    // Another request's schema may suit the model better: only one that never gets it right rests, briefly.
    {invalid_tool_call, "invalid_tool_call", Next::model, Bench::model, seconds{30}, seconds{30},
     Growth::none, 6},
    {invalid_json, "invalid_json", Next::model, Bench::model, seconds{30}, seconds{30}, Growth::none, 6},
}};

/// The row of a class; a class we do not know is FREELLM_C_UNKNOWN.
constexpr const Ruling& ruling_of(std::uint32_t error_class) noexcept {
  return error_class < rulings.size() ? rulings[error_class] : rulings[FREELLM_C_UNKNOWN];
}

/// The row of that name, which is also a bench's reason; nullptr: there is none.
const Ruling* ruling_named(std::string_view name) noexcept;

namespace check {
constexpr bool rows_stand_at_their_class() {
  for (std::size_t i = 0; i < rulings.size(); ++i) {
    if (rulings[i].error_class != i) return false;
  }
  return true;
}
static_assert(rows_stand_at_their_class());
static_assert(rulings.size() == invalid_json + 1, "a class has no row");
}  // namespace check

/// True when such an end says that quota is spent, as the provider counts it.
constexpr bool is_limit(std::uint32_t error_class) noexcept {
  return error_class == FREELLM_C_RATE_LIMITED || error_class == FREELLM_C_QUOTA_EXHAUSTED;
}

/// True when such an end says that the model, or who serves it, does not work: a refusal for quota, of a key,
/// of a bad request or of what nobody knows says nothing of that.
bool is_their_fault(std::uint32_t error_class) noexcept;

/// What a plugin said of an attempt, or what the wire itself showed.
freellm_outcome outcome_of(net::Fault fault, std::string_view detail) noexcept;
/// A call into a plugin that gave nothing: its own failure, or `otherwise`.
freellm_outcome outcome_of(const base::Error& error, std::uint32_t otherwise) noexcept;
/// An outcome made by the host.
freellm_outcome outcome_of(std::uint32_t error_class, std::string_view message) noexcept;

/// No bench is shorter.
inline constexpr std::chrono::milliseconds shortest_bench{1'000};

/// How long the bench lasts. For limits: what the provider said, else the next opening of the window it
/// named, else the row's length; day windows without a stated time are probed again after at most six hours,
/// for our calendar may be wrong, and windows of which nothing is known after longer and longer: 10 minutes
/// to 5 hours, of a session 30 minutes to 5 hours, of a week 6 to 12 hours. A second, minute or hour that is
/// full benches nobody for longer than it lasts. For the rest the row's length grown by `failures` in a row,
/// and never less than what the provider said. At least 1 s; what it says is believed up to a day or
/// row.most; 0: no bench.
std::chrono::milliseconds bench_length(const Ruling& row, const freellm_outcome& outcome, unsigned failures,
                                       std::optional<base::WallTime> window_opens,
                                       base::WallTime now) noexcept;

/// How an attempt ended that may be worth a second one at the same place.
struct Ended {
  int status = 0;                     ///< of the provider's answer; 0: there was none
  bool final_word = false;            ///< the provider has said that the same again is of no use
  bool benched = false;               ///< what failed is benched: it was not the first time
  std::chrono::milliseconds wait{0};  ///< the policy would rather wait this long than go lower
};

/// How long until the same lane is tried once more; nothing: the next one is. A single 500 or 502 is after a
/// short pause, drawn from `seed`; a limit is that opens within the policy's wait. The second try is reserved
/// and settled like any attempt, and no quota is kept back from it: what the ledger has left is there to be
/// spent, and what it has not left, it refuses.
std::optional<std::chrono::milliseconds> pause_before_again(const freellm_outcome& outcome,
                                                            const Ended& ended, std::uint64_t seed) noexcept;

/// The scope to bench: the outcome's own where it names one, else the row's.
std::optional<quota::BenchScope> bench_scope(const Ruling& row, const freellm_outcome& outcome) noexcept;

}  // namespace freellmapi::relay
