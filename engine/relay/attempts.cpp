#include "relay/attempts.hpp"

#include <algorithm>
#include <utility>

namespace freellmapi::relay {

namespace {
constexpr std::chrono::milliseconds shortly{2'000};
constexpr std::chrono::milliseconds margin{50};
}  // namespace

Attempts::Attempts(const Lanes& lanes, const Limits& limits) : limits_(limits) { add(lanes); }

void Attempts::add(const Lanes& lanes) {
  for (const Lane& lane : lanes) lanes_.push_back(lane);
  places_.resize(lanes_.size(), Place::open);
}

bool Attempts::at(std::size_t lane, Place place) const {
  if (places_[lane] != place) return false;
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
  action.last = true;
  for (std::size_t i = 0; i < lanes_.size() && action.last; ++i) {
    action.last = i == lane || !(at(i, Place::open) || at(i, Place::put_off));
  }
  return action;
}

bool Attempts::had_second_try(std::size_t lane) const {
  return std::ranges::find(had_second_try_, lane) != had_second_try_.end();
}

bool Attempts::other_key_open(std::size_t lane) const {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (i != lane && lanes_[i].model == lanes_[lane].model && at(i, Place::open)) return true;
  }
  return false;
}

std::chrono::milliseconds Attempts::left(base::Instant now) const noexcept {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limits_.no_new_attempt_after - now);
  return std::max(left, std::chrono::milliseconds{0});
}

bool Attempts::may_start(base::Instant at) const noexcept {
  return attempted_ < limits_.attempts && at < limits_.no_new_attempt_after;
}

bool Attempts::second_try(std::size_t lane, base::Instant now, std::chrono::milliseconds pause, bool fresh) {
  if (committed_ || stopped_ || !may_start(now + pause)) return false;
  if (had_second_try(lane)) return false;
  had_second_try_.push_back(lane);
  if (later_lane_ == lane) later_wait_ = {};
  Action& action = again_.emplace();
  action.lane = lane;
  action.not_before = now + pause;
  action.fresh = fresh;
  return true;
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
  if (again_) {
    const Action once_more = *again_;
    again_.reset();
    Action action = attempt(once_more.lane);
    action.not_before = once_more.not_before;
    action.fresh = once_more.fresh;
    return action;
  }
  for (const Place place : {Place::open, Place::put_off}) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (!at(i, place)) continue;
      places_[i] = Place::closed;
      Action action = attempt(i);
      action.insists = place == Place::put_off;
      return action;
    }
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

bool Attempts::may_join(std::size_t lane, std::size_t other) const {
  return !committed_ && !stopped_ && at(lane, Place::open) && lanes_[lane].model != lanes_[other].model &&
         lanes_[lane].hosts < 2;
}

Action Attempts::join(std::size_t lane) {
  places_[lane] = Place::closed;
  return attempt(lane);
}

void Attempts::resume(const Limits& more) noexcept {
  committed_ = out_of_budget_ = false;
  const bool filtered_goes_on = limits_.filtered_goes_on;
  limits_ = more;
  limits_.filtered_goes_on = filtered_goes_on;
  limits_.attempts += attempted_;
}

void Attempts::passed_over(std::size_t lane) {
  places_[lane] = Place::closed;
  --attempted_;
}

void Attempts::put_off(std::size_t lane, bool attempted) {
  places_[lane] = Place::put_off;
  if (!attempted) --attempted_;
}

// `error_class` becomes what the attempt is held to be.
Held Attempts::hold(std::size_t lane, std::uint32_t& error_class) {
  const Lane& at = lanes_[lane];
  if (at.hosts < 2 || at.key == policy::none) return Held::as_said;
  auto found =
      std::find_if(standings_.begin(), standings_.end(), [&](const Standing& s) { return s.key == at.key; });
  const bool taken = found != standings_.end() && found->taken;
  const bool refused = error_class == FREELLM_C_AUTH_INVALID;
  const bool unasked = error_class == FREELLM_C_NETWORK && !taken;
  if (!refused && !unasked) {
    if (found != standings_.end()) found->taken = true;
    return Held::as_said;
  }
  if (found == standings_.end())
    found = standings_.insert(found, Standing{at.key, at.host, 0, error_class, false});
  found->tried |= 1U << found->host;
  for (std::uint32_t host = 0; host < at.hosts; ++host) {
    if ((found->tried >> host & 1U) != 0) continue;
    found->host = host;
    moved_ = lane;
    return Held::not_yet;
  }
  return std::exchange(error_class, found->first_class) == found->first_class ? Held::as_said
                                                                              : Held::as_first;
}

Held Attempts::failed(std::size_t lane, const freellm_outcome& outcome) {
  std::uint32_t error_class = outcome.error_class;
  const Held held = hold(lane, error_class);
  if (held == Held::not_yet) return held;
  const Ruling& row = ruling_of(error_class);
  const Lane& failed = lanes_[lane];
  if (error_class == FREELLM_C_CONTENT_FILTERED && !limits_.filtered_goes_on) stopped_ = true;

  if (row.repairable && outcome.repair_field[0] != '\0' && !repair_used_) {
    repair_used_ = repair_pending_ = true;
    repair_lane_ = lane;
    return held;
  }
  if (outcome.error_class == FREELLM_C_RATE_LIMITED && outcome.retry_after_ms >= 0 &&
      outcome.retry_after_ms <= shortly.count() && !had_second_try(lane)) {
    later_lane_ = lane;
    // Not before the bench that this failure starts is over.
    later_wait_ = std::max(std::chrono::milliseconds{outcome.retry_after_ms}, shortest_bench) + margin;
  }
  const auto close = [this](auto&& matches) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (matches(lanes_[i])) places_[i] = Place::closed;
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
