#include "relay/attempts.hpp"

#include <algorithm>
#include <utility>

namespace freellmapi::relay {

namespace {
constexpr std::chrono::milliseconds shortly{2'000};
constexpr std::chrono::milliseconds margin{50};
}  // namespace

Attempts::Attempts(std::vector<Lane> lanes, Limits limits)
    : lanes_(std::move(lanes)), closed_(lanes_.size(), false), limits_(limits) {}

bool Attempts::open(std::size_t lane) const {
  if (closed_[lane]) return false;
  // An unknown window may be large enough; only a known smaller one is ruled out.
  return larger_than_ == 0 || lanes_[lane].context == 0 || lanes_[lane].context > larger_than_;
}

Action Attempts::attempt(std::size_t lane) {
  ++attempted_;
  Action action;
  action.what = Action::What::attempt;
  action.lane = lane;
  action.host = lanes_[lane].host;
  for (const Standing& s : standings_) {
    if (s.key == lanes_[lane].key) action.host = s.host;
  }
  return action;
}

Action Attempts::next(base::Instant now) {
  if (committed_ || stopped_) return {};
  if (attempted_ > 0 && (attempted_ >= limits_.attempts || now >= limits_.no_new_attempt_after)) {
    out_of_budget_ = true;
    return {};
  }
  if (repair_pending_) {
    repair_pending_ = false;
    Action action = attempt(repair_lane_);
    action.repaired = true;
    return action;
  }
  if (moved_) {
    const std::size_t lane = *moved_;
    moved_.reset();
    return attempt(lane);
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!open(i)) continue;
    closed_[i] = true;
    return attempt(i);
  }
  // Nobody is left: a limit that opens in a moment is worth the moment, once.
  if (later_wait_.count() > 0 && !later_used_ && now + later_wait_ < limits_.no_new_attempt_after) {
    later_used_ = true;
    Action action = attempt(later_lane_);
    action.not_before = now + later_wait_;
    return action;
  }
  return {};
}

void Attempts::resume(const Limits& more) noexcept {
  committed_ = out_of_budget_ = false;
  limits_ = more;
  limits_.attempts += attempted_;
}

void Attempts::passed_over(std::size_t lane) {
  closed_[lane] = true;
  --attempted_;
}

Held Attempts::hold(std::size_t lane, std::uint32_t error_class) {
  const Lane& at = lanes_[lane];
  if (at.hosts < 2 || at.key == policy::none) return Held::as_said;
  auto found =
      std::find_if(standings_.begin(), standings_.end(), [&](const Standing& s) { return s.key == at.key; });
  const bool refused = error_class == FREELLM_C_AUTH_INVALID;
  if (found == standings_.end()) {
    if (!refused) return Held::as_said;
    found = standings_.insert(found, Standing{at.key, at.host, 0, false});
  }
  const bool unasked = error_class == FREELLM_C_NETWORK && !found->taken;
  if (!refused && !unasked) {
    found->taken = true;
    return Held::as_said;
  }
  found->refused |= 1U << found->host;
  for (std::uint32_t host = 0; host < at.hosts; ++host) {
    if ((found->refused >> host & 1U) != 0) continue;
    found->host = host;
    moved_ = lane;
    return Held::not_yet;
  }
  return unasked ? Held::as_refused : Held::as_said;
}

Held Attempts::failed(std::size_t lane, const freellm_outcome& outcome) {
  const Held held = hold(lane, outcome.error_class);
  if (held == Held::not_yet) return held;
  const std::uint32_t refused = FREELLM_C_AUTH_INVALID;
  const Ruling& row = ruling_of(held == Held::as_refused ? refused : outcome.error_class);
  const Lane& failed = lanes_[lane];

  if (row.repairable && outcome.repair_field[0] != '\0' && !repair_used_) {
    repair_used_ = repair_pending_ = true;
    repair_lane_ = lane;
    return held;
  }
  if (outcome.error_class == FREELLM_C_RATE_LIMITED && outcome.retry_after_ms >= 0 &&
      outcome.retry_after_ms <= shortly.count()) {
    later_lane_ = lane;
    // Not before the bench that this failure starts is over.
    later_wait_ = std::max(std::chrono::milliseconds{outcome.retry_after_ms}, shortest_bench) + margin;
  }
  const auto close = [this](auto&& matches) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (matches(lanes_[i])) closed_[i] = true;
    }
  };
  const auto same_provider = [&](const Lane& l) { return l.provider == failed.provider; };
  switch (row.next) {
    case Next::key: {
      // The provider's statement of scope says which other lanes would meet the same limit. Of an account we
      // know one key; its neighbours may belong to others.
      if (outcome.scope == FREELLM_SCOPE_MODEL) {
        close([&](const Lane& l) { return l.model == failed.model; });
      } else if (outcome.scope == FREELLM_SCOPE_PROVIDER || outcome.scope == FREELLM_SCOPE_IP) {
        close(same_provider);
      } else if (outcome.scope == FREELLM_SCOPE_KEY || outcome.scope == FREELLM_SCOPE_ACCOUNT ||
                 row.bench == Bench::key) {
        close([&](const Lane& l) { return same_provider(l) && l.key == failed.key; });
      }
      break;
    }
    case Next::model:
      close([&](const Lane& l) { return l.model == failed.model; });
      break;
    case Next::provider:
      close(same_provider);
      break;
    case Next::larger_window:
      close([&](const Lane& l) { return l.model == failed.model; });
      // What the provider says that it takes counts before what we know: a free tier's bound on one request
      // is often far below the model's window, and another provider's window of that size may well do.
      larger_than_ = std::max({larger_than_, outcome.limit > 0 ? outcome.limit : failed.context,
                               outcome.requested > 0 ? outcome.requested - 1 : 0});
      break;
    case Next::elsewhere_once:
      close(same_provider);
      if (++elsewhere_ > 1) stopped_ = true;
      break;
  }
  return held;
}

}  // namespace freellmapi::relay
