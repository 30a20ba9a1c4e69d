// What every request does to a window, to be inlined into the ledger's walks over them. What only some do is
// in the sources.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "quota/window.hpp"

namespace freellmapi::quota {

/// A wall clock that moves by less is one that is being kept right.
inline constexpr std::chrono::milliseconds clock_slip{1000};

/// The steady clock as wall-clock windows count it.
inline std::chrono::milliseconds steady_ms(base::Instant at) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
}

/// True when since the newest reading nothing has happened that changes a count.
inline bool Window::quiet(Now now) const noexcept {
  switch (kind_) {
    case Kind::rolling:
      return now.steady.time_since_epoch() < part_length_ * (in_.epoch + 1);
    case Kind::wall_clock: {
      const auto slipped = now.wall.time_since_epoch() - steady_ms(now.steady) - in_.offset;
      return in_.former.live == 0 && now.wall < in_.period.end && std::chrono::abs(slipped) <= clock_slip;
    }
    case Kind::concurrency:
      return true;
    case Kind::token_bucket:
    case Kind::first_use:
      break;
  }
  return false;
}

inline void Window::advance(Now now) noexcept {
  if (now.steady < in_.seen) return;
  if (!quiet(now)) return pass(now);
  in_.seen = now.steady;
  if (kind_ == Kind::wall_clock) in_.offset = now.wall.time_since_epoch() - steady_ms(now.steady);
}

inline Window::Answer Window::ask(Amount amount, Now now) noexcept {
  advance(now);
  const std::uint64_t wanted = capped_sum(amount.now, amount.later);
  if (wanted <= limit_ && capped_sum(taken(), wanted) <= limit_) return {};
  return refusal(amount, now);
}

inline void Window::count(std::uint64_t amount, std::int64_t number) noexcept {
  if (amount == 0) return;
  constexpr std::uint64_t most = highest_limit * 4;
  amount = std::min(amount, most - std::min(in_.total, most));
  in_.total += amount;
  if (kind_ == Kind::rolling) {
    part(number) += amount;
    return;
  }
  if (kind_ == Kind::wall_clock && is_late()) wall_->late = capped_sum(wall_->late, amount);
  if (beside()) {
    in_.former.total = capped_sum(in_.former.total, amount);
    if (counts_fresh()) wall_->fresh = capped_sum(wall_->fresh, amount);
  }
  if (kind_ == Kind::first_use && in_.seen >= in_.former.since + length_ - arrival_)
    in_.before = capped_sum(in_.before, amount);
}

inline std::int64_t Window::count_from_now(std::uint64_t amount) noexcept {
  if (kind_ != Kind::rolling && kind_ != Kind::concurrency) begin_to_count(amount);
  count(amount, in_.epoch);
  early_ = capped_sum(early_, amount);
  return kind_ == Kind::first_use ? in_.seen.time_since_epoch().count() : in_.epoch;
}

inline std::int64_t Window::take(Amount amount) noexcept {
  const std::int64_t mark = count_from_now(amount.now);
  in_.held = capped_sum(in_.held, amount.later);
  burst_ = open_ == 0 ? 1 : burst_ + 1;
  ++open_;
  return mark;
}

inline void Window::settle(Amount taken, Amount actual, std::int64_t mark, const Now* now) noexcept {
  if (now != nullptr) advance(*now);
  if (mark == held_mark) mark = count_held(taken.now);
  early_ -= std::min(early_, taken.now);
  if (open_ > 0) --open_;
  if (kind_ == Kind::first_use) {
    settle_first_use(taken, actual, mark);
  } else if (kind_ != Kind::concurrency) {
    spend(taken, actual, mark);
  }
  // What was held is let go when what it became is counted.
  in_this_order();
  in_.held -= std::min(in_.held, taken.later);
}

inline void Window::spend(Amount taken, Amount actual, std::int64_t mark) noexcept {
  if (actual.now < taken.now) {
    give_back(taken.now - actual.now, mark);
  } else if (actual.now > taken.now) {
    if (is_counted(mark)) count(actual.now - taken.now, mark);
  }
  // The window in which output is counted may be the one of the start or this one; what is held until now
  // covers the first, counting it here covers the second. A first-use window that has closed was not opened
  // by an end.
  if (kind_ != Kind::first_use || in_.running != 0) count(actual.later, in_.epoch);
}

/// Whether what was taken at the mark is in the present count.
inline bool Window::is_counted(std::int64_t mark) const noexcept {
  if (mark == no_mark) return false;
  switch (kind_) {
    case Kind::rolling:
      return in_.epoch - mark < kept_parts;
    case Kind::wall_clock:
      return mark == in_.epoch;
    case Kind::first_use:
      return in_.running != 0 && mark >= in_.former.since.time_since_epoch().count();
    case Kind::token_bucket:
    case Kind::concurrency:
      break;
  }
  return true;
}

inline void Window::give_back(std::uint64_t amount, std::int64_t mark) noexcept {
  if (!is_counted(mark)) return;
  if (kind_ != Kind::rolling) return give_back_unrolled(amount, mark);
  const std::uint64_t back = std::min(amount, part(mark));
  part(mark) -= back;
  in_.total -= back;
}

}  // namespace freellmapi::quota
