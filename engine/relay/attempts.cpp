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

Action Attempts::next(base::Instant now) {
  if (committed_ || stopped_) return {};
  if (attempted_ > 0 && (attempted_ >= limits_.attempts || now >= limits_.no_new_attempt_after)) {
    out_of_budget_ = true;
    return {};
  }
  if (repair_pending_) {
    repair_pending_ = false;
    ++attempted_;
    return {Action::What::attempt, repair_lane_, true, {}};
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!open(i)) continue;
    closed_[i] = true;
    ++attempted_;
    return {Action::What::attempt, i, false, {}};
  }
  // Nobody is left: a limit that opens in a moment is worth the moment, once.
  if (later_wait_.count() > 0 && !later_used_ && now + later_wait_ < limits_.no_new_attempt_after) {
    later_used_ = true;
    ++attempted_;
    return {Action::What::attempt, later_lane_, false, now + later_wait_};
  }
  return {};
}

void Attempts::passed_over(std::size_t lane) {
  closed_[lane] = true;
  --attempted_;
}

void Attempts::failed(std::size_t lane, const freellm_outcome& outcome) {
  const Ruling& row = ruling_of(outcome.error_class);
  const Lane& failed = lanes_[lane];

  if (row.repairable && outcome.repair_field[0] != '\0' && !repair_used_) {
    repair_used_ = repair_pending_ = true;
    repair_lane_ = lane;
    return;
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
}

}  // namespace freellmapi::relay
