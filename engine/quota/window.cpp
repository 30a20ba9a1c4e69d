#include "quota/window.hpp"

#include <algorithm>
#include <numeric>

namespace freellmapi::quota {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

__extension__ using Wide = unsigned __int128;

constexpr milliseconds ask_again{1000};  // when only in-flight requests stand in the way, nobody knows
constexpr milliseconds slowest_arrival{2000};
constexpr std::chrono::seconds shortest_window{1};

base::WallTime wall_of(base::Instant at, Now now) noexcept {
  return now.wall + std::chrono::ceil<milliseconds>(at - now.steady);
}

}  // namespace

SlotKind Window::slot_kind(const policy::Rule& rule) noexcept {
  const bool rolls = rule.reset == policy::Reset::rolling && rule.of != policy::Unit::concurrency;
  return rolls ? SlotKind::rolling : SlotKind::window;
}

Window::Window(const policy::Rule& rule, WindowState& state, Parts* parts, WallState* wall, Now ended)
    : in_(state),
      parts_(parts),
      wall_(wall),
      kind_(Kind::rolling),
      counts_requests_(rule.of == policy::Unit::requests),
      arrival_(
          std::min<nanoseconds>(slowest_arrival, std::max<nanoseconds>(rule.length, shortest_window) / 64)),
      length_(std::max<nanoseconds>(rule.length, shortest_window)) {
  if (rule.of == policy::Unit::concurrency) {
    kind_ = Kind::concurrency;
  } else if (rule.reset == policy::Reset::rolling) {
    part_length_ = (length_ + nanoseconds{rolling_parts - 1}) / rolling_parts;
    // The parts are what a kill leaves true.
    in_.total = std::accumulate(parts_->begin(), parts_->end(), std::uint64_t{0}, capped_sum);
  } else if (rule.reset == policy::Reset::wall_clock) {
    kind_ = Kind::wall_clock;
    calendar_ = Calendar{rule};
  } else {
    kind_ = rule.reset == policy::Reset::token_bucket ? Kind::token_bucket : Kind::first_use;
  }
  set_limit();
  low_ = in_.epoch;
  // Known from the start, so that a clock which is set before the first request is seen to be set.
  const bool is_new = in_.period.end == in_.period.start && ended.wall != base::WallTime{};
  if (kind_ == Kind::wall_clock && is_new) advance(ended);
  spend_what_is_held(ended);
}

void Window::spend_what_is_held(Now ended) noexcept {
  if (in_.held > 0 && kind_ != Kind::concurrency) {
    advance(ended);
    if (kind_ != Kind::first_use || in_.running != 0) count(in_.held, in_.epoch);
    in_this_order();
  }
  in_.held = 0;
}

void Window::adopt(std::uint64_t limit, bool liftable, std::uint64_t generation) noexcept {
  limit = std::min(limit, highest_limit);
  if (generation == generation_) {
    limit = std::min(limit, in_.policy_limit);
    liftable = liftable && liftable_;
  }
  generation_ = generation;
  liftable_ = liftable;
  if (limit != in_.policy_limit) {
    in_.stated_limit = 0;
    in_.policy_limit = limit;
  }
  set_limit();
}

// ---- asking and taking
// -----------------------------------------------------------------------------------------

Window::Answer Window::refusal(Amount amount, Now now) const noexcept {
  const std::uint64_t wanted = capped_sum(amount.now, amount.later);
  if (wanted > limit_) return {Answer::State::never, {}};
  return {Answer::State::full, back_after(capped_sum(taken(), wanted) - limit_, now)};
}

base::WallTime Window::back_after(std::uint64_t amount, Now now) const noexcept {
  if (amount > counted()) return now.wall + ask_again;
  switch (kind_) {
    case Kind::rolling: {
      std::uint64_t freed = 0;
      for (std::int64_t i = std::max<std::int64_t>(in_.epoch - kept_parts + 1, 0); i <= in_.epoch; ++i) {
        freed += (*parts_)[static_cast<std::size_t>(i % kept_parts)];
        if (freed < amount) continue;
        return wall_of(base::Instant{part_length_ * (i + kept_parts)}, now);
      }
      return now.wall + ask_again;
    }
    case Kind::wall_clock:
      return all_reset_after(amount, now);
    case Kind::token_bucket: {
      if (limit_ == 0) return now.wall + ask_again;
      const auto length = static_cast<std::uint64_t>(length_.count());
      const Wide missing = Wide{amount} * length - in_.refill_rest;
      const auto wait = static_cast<std::int64_t>((missing + limit_ - 1) / limit_);
      return wall_of(in_.seen + in_.pause + nanoseconds{wait}, now);
    }
    case Kind::first_use:
      return in_.running != 0 ? wall_of(in_.closes, now) : now.wall + ask_again;
    case Kind::concurrency:
      break;
  }
  return now.wall + ask_again;
}

void Window::begin_to_count(std::uint64_t amount) noexcept {
  if (kind_ == Kind::first_use && in_.running != WindowState::opened) may_open();
  if (kind_ == Kind::token_bucket && in_.total == 0) in_.pause = arrival_;
  if (kind_ == Kind::wall_clock || kind_ == Kind::first_use) note_recent(amount);
}

// The new count stands before the old one goes, so that a kill between the two counts too much.

std::int64_t Window::hold(Amount taken, std::int64_t mark, Now now) noexcept {
  if (kind_ == Kind::concurrency || mark == no_mark || mark == held_mark) return mark;
  advance(now);
  in_.held = capped_sum(in_.held, taken.now);
  in_this_order();
  give_back(taken.now, mark);
  early_ -= std::min(early_, taken.now);
  return held_mark;
}

std::int64_t Window::sent(Amount taken, std::int64_t mark, Now now) noexcept {
  if (mark != held_mark) return mark;
  advance(now);
  return count_held(taken.now);
}

std::int64_t Window::count_held(std::uint64_t amount) noexcept {
  const std::int64_t mark = count_from_now(amount);
  in_this_order();
  in_.held -= std::min(in_.held, amount);
  return mark;
}

/// A refused request opens nothing, so until one is known to have counted it may have been any of them: the
/// window closes when it does if the newest has, and may have closed at the provider as if the first has.
void Window::may_open() noexcept {
  in_.closes = in_.seen + length_ + arrival_;
  in_this_order();
  if (in_.running == 0) {
    in_.before = 0;
    in_.former.since = proof_from_ = in_.seen;
    in_this_order();
  }
  in_.running = WindowState::may_be_opened;
}

/// A request that was taken at `taken` has counted: this window was open then, or, of one that was taken
/// before the last had closed for certain, that one.
void Window::has_counted(base::Instant taken) noexcept {
  if (in_.running == 0 || taken < proof_from_) return;
  in_.closes = std::min(in_.closes, taken + length_ + arrival_);
  in_this_order();
  in_.running = WindowState::opened;
}

void Window::settle_first_use(Amount taken, Amount actual, std::int64_t mark) noexcept {
  if (mark != no_mark && actual.now + actual.later > 0) has_counted(base::Instant{nanoseconds{mark}});
  spend(taken, actual, mark);
  // All that might have opened it were refused.
  if (counts_requests_ && in_.running == WindowState::may_be_opened && open_ == 0 && in_.total == 0 &&
      in_.held == 0)
    in_.running = 0;
}

void Window::give_back_unrolled(std::uint64_t amount, std::int64_t mark) noexcept {
  switch (kind_) {
    case Kind::token_bucket: {
      // While the provider's bucket was full nothing flowed in there, but did here: giving that back again
      // would free what others have spent.
      const auto refilled = mark > low_ ? 0 : static_cast<std::uint64_t>(in_.epoch - mark);
      if (refilled < amount) in_.total -= std::min(in_.total, amount - refilled);
      return;
    }
    case Kind::wall_clock:
    case Kind::first_use:
      in_.total -= std::min(in_.total, amount);
      in_.former.total -= std::min(in_.former.total, amount);
      if (counts_fresh()) wall_->fresh -= std::min(wall_->fresh, amount);
      return;
    case Kind::rolling:
    case Kind::concurrency:
      return;
  }
}

// ---- for people
// ------------------------------------------------------------------------------------------------

std::uint64_t Window::used() const noexcept { return counted() - std::min(counted(), early_); }

std::uint64_t Window::reserved() const noexcept { return capped_sum(std::min(counted(), early_), in_.held); }

std::optional<std::uint64_t> Window::pressure(Now now) noexcept {
  using std::chrono::duration_cast;
  constexpr std::chrono::hours shortest{1};
  constexpr std::uint64_t millionths = 1'000'000, hour = 3'600'000;
  if (kind_ == Kind::concurrency || length_ < shortest || limit_ == 0) return std::nullopt;
  advance(now);
  const std::uint64_t spent = std::min(taken(), limit_);
  milliseconds left = duration_cast<milliseconds>(length_);
  if (kind_ == Kind::wall_clock) left = in_.period.end - now.wall;
  if (kind_ == Kind::first_use && in_.running != 0)
    left = duration_cast<milliseconds>(in_.closes - now.steady);
  const auto ms = static_cast<std::uint64_t>(std::max(left, milliseconds{1'000}).count());
  const Wide share = Wide{limit_ - spent} * millionths / limit_;
  return static_cast<std::uint64_t>(share * hour / ms);
}

std::uint64_t Window::headroom(Now now) noexcept {
  constexpr std::uint64_t millionths = 1'000'000;
  if (kind_ == Kind::concurrency) return millionths;
  if (limit_ == 0) return 0;
  advance(now);
  const std::uint64_t spent = std::min(taken(), limit_);
  return static_cast<std::uint64_t>(Wide{limit_ - spent} * millionths / limit_);
}

std::optional<bool> Window::surplus(Amount amount, Now now) noexcept {
  constexpr int least_part = 24;
  constexpr unsigned fifths = 5, fifths_spent = 4;
  if (kind_ == Kind::concurrency) return std::nullopt;
  advance(now);
  if (kind_ == Kind::first_use && in_.running == 0) return false;
  nanoseconds whole = length_, passed = length_;
  if (kind_ == Kind::wall_clock) {
    whole = in_.period.end - in_.period.start;
    passed = now.wall - in_.period.start;
  } else if (kind_ == Kind::first_use) {
    passed = length_ - (in_.closes - now.steady);
  }
  passed = std::clamp(passed, whole / least_part, whole);
  const std::uint64_t wanted = capped_sum(amount.now, amount.later);
  const Wide spent = Wide{capped_sum(taken(), wanted)};
  const auto ticks = [](nanoseconds time) { return static_cast<std::uint64_t>(time.count()); };
  return spent * ticks(whole) * fifths <= Wide{limit_} * ticks(passed) * fifths_spent;
}

std::optional<base::WallTime> Window::resets_at(Now now) noexcept {
  advance(now);
  if (kind_ == Kind::wall_clock && counted() == 0) return in_.period.end;
  if (counted() == 0 || kind_ == Kind::concurrency) return std::nullopt;
  return back_after(kind_ == Kind::rolling ? 1 : counted(), now);
}

}  // namespace freellmapi::quota
