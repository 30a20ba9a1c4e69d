#include "relay/outcomes.hpp"

#include <algorithm>
#include <cstring>

namespace freellmapi::relay {

using std::chrono::milliseconds;

freellm_outcome outcome_of(std::uint32_t error_class, std::string_view message) noexcept {
  freellm_outcome outcome{};
  outcome.size = sizeof outcome;
  outcome.error_class = error_class;
  outcome.retry_after_ms = -1;
  outcome.reset_unix_ms = -1;
  const std::size_t n = std::min(message.size(), sizeof outcome.message - 1);
  std::memcpy(outcome.message, message.data(), n);
  return outcome;
}

freellm_outcome outcome_of(const base::Error& error, std::uint32_t otherwise) noexcept {
  return outcome_of(error.code == base::Errc::internal ? host::plugin_failed : otherwise, error.message);
}

bool is_their_fault(std::uint32_t error_class) noexcept {
  switch (error_class) {
    case FREELLM_C_MODEL_NOT_FOUND:
    case FREELLM_C_MODEL_GONE:
    case FREELLM_C_MODEL_UNAVAILABLE:
    case FREELLM_C_OVERLOADED:
    case FREELLM_C_SERVER_ERROR:
    case FREELLM_C_TIMEOUT:
    case FREELLM_C_NETWORK:
    case FREELLM_C_MALFORMED:
    case FREELLM_C_EMPTY:
    case FREELLM_C_TRUNCATED:
    case FREELLM_C_PROVIDER_GONE:
    case FREELLM_C_PROVIDER_BLOCKED:
    case host::plugin_failed:
      return true;
    default:
      return false;
  }
}

freellm_outcome outcome_of(net::Fault fault, std::string_view detail) noexcept {
  using net::Fault;
  std::uint32_t error_class = FREELLM_C_NETWORK;
  switch (fault) {
    case Fault::resolve:
    case Fault::forbidden_address:
    case Fault::connect:
    case Fault::proxy:
    case Fault::tls:
    case Fault::timeout_connect:
      error_class = FREELLM_C_NETWORK;
      break;
    // The connection stood: it is this model's answer that failed, another model of the provider may do.
    case Fault::reset:
      error_class = FREELLM_C_SERVER_ERROR;
      break;
    case Fault::truncated:
      error_class = FREELLM_C_TRUNCATED;
      break;
    case Fault::bad_response:
    case Fault::too_large:
      error_class = FREELLM_C_MALFORMED;
      break;
    case Fault::timeout_first_byte:
    case Fault::timeout_idle:
    case Fault::timeout_total:
      error_class = FREELLM_C_TIMEOUT;
      break;
    case Fault::cancelled:
      error_class = FREELLM_C_UNKNOWN;
      break;
  }
  freellm_outcome outcome = outcome_of(error_class, detail.empty() ? net::name(fault) : detail);
  const std::string_view code = net::name(fault);
  std::memcpy(outcome.code, code.data(), std::min(code.size(), sizeof outcome.code - 1));
  return outcome;
}

namespace {

/// Of a window that the refusal names and that is shorter than a day: it is open again after so long.
std::optional<milliseconds> short_window(const freellm_outcome& outcome) noexcept {
  switch (outcome.window) {
    case FREELLM_WINDOW_SECOND:
      return seconds{1};
    case FREELLM_WINDOW_MINUTE:
      return minutes{1};
    case FREELLM_WINDOW_HOUR:
      return hours{1};
    default:
      return std::nullopt;
  }
}

/// How long to wait before a window is asked again of which nobody knows when it opens.
milliseconds probe_after(const freellm_outcome& outcome, unsigned failures) noexcept {
  using Ladder = std::array<milliseconds, 5>;
  constexpr Ladder unknown{minutes{10}, minutes{30}, hours{1}, hours{2}, hours{5}};
  constexpr Ladder session{minutes{30}, hours{1}, hours{2}, hours{5}, hours{5}};
  constexpr Ladder week{hours{6}, hours{12}, hours{12}, hours{12}, hours{12}};
  const std::uint32_t window = outcome.window;
  const bool long_one = window == FREELLM_WINDOW_WEEK || window == FREELLM_WINDOW_MONTH;
  const Ladder& ladder = long_one ? week : window == FREELLM_WINDOW_SESSION ? session : unknown;
  return ladder[std::min<std::size_t>(std::max(failures, 1U), ladder.size()) - 1];
}

}  // namespace

milliseconds bench_length(const Ruling& row, const freellm_outcome& outcome, unsigned failures,
                          std::optional<base::WallTime> window_opens, base::WallTime now) noexcept {
  if (!row.bench) return milliseconds{0};
  const milliseconds most = row.most;

  std::optional<milliseconds> stated;
  if (outcome.retry_after_ms >= 0) {
    stated = milliseconds{outcome.retry_after_ms};
  } else if (outcome.reset_unix_ms >= 0) {
    stated = base::WallTime{milliseconds{outcome.reset_unix_ms}} - now;
  }
  if (stated)
    stated = std::clamp<milliseconds>(*stated, shortest_bench, std::max<milliseconds>(most, hours{24}));

  const bool limit = is_limit(outcome.error_class);
  // A minute that is full benches nobody for a day, whatever the provider says.
  if (const auto most_short = short_window(outcome); limit && most_short) {
    const milliseconds length = stated.value_or(std::min<milliseconds>(row.first, *most_short));
    return std::clamp(length, shortest_bench, std::max<milliseconds>(*most_short, shortest_bench));
  }
  if (limit && stated) return *stated;
  if (outcome.error_class == FREELLM_C_QUOTA_EXHAUSTED && window_opens) {
    return std::clamp(std::min<milliseconds>(*window_opens - now, hours{6}), shortest_bench, most);
  }
  if (outcome.error_class == FREELLM_C_QUOTA_EXHAUSTED)
    return std::clamp(probe_after(outcome, failures), shortest_bench, most);
  milliseconds length{0};
  if (failures >= row.after) {
    length = row.first;
    if (row.growth == Growth::doubling) {
      for (unsigned i = row.after; i < failures && length < most; ++i) length *= 2;
    }
    length = std::clamp(length, shortest_bench, most);
  }
  return stated ? std::max(length, *stated) : length;
}

std::optional<milliseconds> pause_before_again(const freellm_outcome& outcome, const Ended& ended,
                                               std::uint64_t seed) noexcept {
  constexpr milliseconds least{100}, spread{200}, margin{50};
  if (ended.final_word) return std::nullopt;
  if (outcome.error_class == FREELLM_C_SERVER_ERROR && (ended.status == 500 || ended.status == 502) &&
      !ended.benched) {
    const milliseconds pause = least + milliseconds{seed % static_cast<std::uint64_t>(spread.count())};
    // A provider that names a time is not asked before.
    if (outcome.retry_after_ms <= pause.count()) return pause;
  }
  if (outcome.error_class == FREELLM_C_RATE_LIMITED && outcome.retry_after_ms >= 0) {
    // Not before the bench that this failure starts is over.
    const milliseconds rest = std::max<milliseconds>(milliseconds{outcome.retry_after_ms}, shortest_bench);
    if (rest <= ended.wait) return rest + margin;
  }
  return std::nullopt;
}

const Ruling* ruling_named(std::string_view name) noexcept {
  const auto found =
      std::find_if(rulings.begin(), rulings.end(), [name](const Ruling& row) { return row.name == name; });
  return found == rulings.end() ? nullptr : &*found;
}

std::optional<quota::BenchScope> bench_scope(const Ruling& row, const freellm_outcome& outcome) noexcept {
  if (!row.bench) return std::nullopt;
  switch (outcome.scope) {
    case FREELLM_SCOPE_REQUEST:
      return std::nullopt;
    case FREELLM_SCOPE_KEY_MODEL:
      return Bench::key_model;
    case FREELLM_SCOPE_KEY:
    case FREELLM_SCOPE_ACCOUNT:
      return Bench::key;
    case FREELLM_SCOPE_MODEL:
      return Bench::model;
    case FREELLM_SCOPE_PROVIDER:
    case FREELLM_SCOPE_IP:
      return Bench::provider;
    default:
      return row.bench;
  }
}

}  // namespace freellmapi::relay
