// What a provider says about a window.
#include <algorithm>

#include "quota/window.hpp"

namespace freellmapi::quota {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::uint64_t most_lift = 1'000;  // a limit so many times the catalogue's is a fault
constexpr milliseconds reset_jitter{1000};  // stated resets are rounded to seconds

}  // namespace

void Window::set_limit() noexcept {
  low_ = in_.epoch;  // another limit refills at another pace
  const std::uint64_t stated = in_.stated_limit;
  limit_ = stated == 0 ? in_.policy_limit : std::min(in_.policy_limit, stated);
  const bool believable = stated / most_lift <= in_.policy_limit;
  if (stated > limit_ && liftable_ && confirmed_ && believable) limit_ = stated;
}

void Window::state_limit(std::uint64_t limit) noexcept {
  limit = std::min(limit, highest_limit);
  confirmed_ = limit == in_.stated_limit;
  in_.stated_limit = limit;
  set_limit();
}

const Stated& Window::stated(Now now) noexcept {
  advance(now);
  stated_.limit = in_.stated_limit;
  if (now.steady - others_since_ >= length_) stated_.others = 0;
  return stated_;
}

void Window::state(const Statement& statement, Now now) noexcept {
  advance(now);
  stated_.at = now.wall;
  low_ = in_.epoch;
  if (statement.limit && *statement.limit > 0) state_limit(*statement.limit);
  if (kind_ == Kind::concurrency) return;
  if (statement.remaining) {
    const std::uint64_t whole = in_.stated_limit > 0 ? in_.stated_limit : limit_;
    const std::uint64_t spent = whole - std::min(whole, *statement.remaining);
    const std::uint64_t ours = capped_sum(counted(), in_.held);
    if (spent > ours) {
      // Somebody else spends this key too. No more than the limit is of use.
      const std::uint64_t more = std::min(spent, limit_) - std::min(ours, limit_);
      std::int64_t number = in_.epoch;
      if (kind_ == Kind::rolling && statement.reset_in) {
        const auto left = std::clamp<std::int64_t>(*statement.reset_in / part_length_ + 1, 0, kept_parts - 1);
        number = std::max<std::int64_t>(in_.epoch - kept_parts + left + 1, 0);
      }
      if (kind_ == Kind::first_use && more > 0 && in_.running == 0) {
        in_.running = WindowState::opened;
        in_.closes = in_.seen + length_;
      }
      if (now.steady - others_since_ >= length_) stated_.others = 0;
      stated_.others = capped_sum(stated_.others, more);
      others_since_ = now.steady;
      count(more, number);
    } else if (open_ <= 1 && burst_ <= 1 && *statement.remaining <= whole && spent < used()) {
      // Among parallel requests an older statement may arrive last; only a request that was alone can free.
      stated_.others -= std::min(stated_.others, used() - spent);
      forget(used() - spent);
    }
  }
  if (statement.reset_in) move_end(*statement.reset_in, now);
}

void Window::forget(std::uint64_t amount) noexcept {
  const std::uint64_t left = counted() - std::min(amount, counted());
  amount = in_.total - std::min(in_.total, left);
  if (kind_ == Kind::rolling) {
    // The oldest first: what stays counted then stays longest.
    std::uint64_t rest = amount;
    for (std::int64_t i = std::max<std::int64_t>(in_.epoch - kept_parts + 1, 0); i <= in_.epoch && rest > 0;
         ++i) {
      const std::uint64_t taken = std::min(rest, part(i));
      part(i) -= taken;
      rest -= taken;
    }
  }
  in_.total -= amount;
  in_.former.total = std::min(in_.former.total, left);
  if (counts_fresh()) wall_->fresh = std::min(wall_->fresh, left);
}

void Window::move_end(milliseconds reset_in, Now now) noexcept {
  if (reset_in <= milliseconds{0}) return;
  if (kind_ == Kind::wall_clock) {
    const milliseconds length = in_.period.end - in_.period.start;
    const milliseconds moved = now.wall + reset_in - in_.period.end;
    if (reset_in > length + reset_jitter) return;
    drop_former();
    if (std::chrono::abs(moved) <= reset_jitter) return;
    in_.period.end += moved;
    in_.period.start += moved;
    in_.shift = (in_.shift + moved) % length;
  } else if (kind_ == Kind::first_use && in_.running != 0) {
    if (reset_in > duration_cast<milliseconds>(length_) + reset_jitter) return;
    in_.closes = now.steady + reset_in;
    in_.former.since = in_.closes - length_;
    in_.running = WindowState::opened;
  }
}

}  // namespace freellmapi::quota
