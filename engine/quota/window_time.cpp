// What passing time does to a window.
#include <algorithm>

#include "quota/window.hpp"

namespace freellmapi::quota {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

__extension__ using Wide = unsigned __int128;

}  // namespace

void Window::pass(Now now) noexcept {
  const nanoseconds passed = now.steady - in_.seen;
  in_.seen = now.steady;
  in_this_order();
  switch (kind_) {
    case Kind::rolling:
      roll_to(now.steady.time_since_epoch() / part_length_);
      break;
    case Kind::wall_clock:
      follow(now.wall);
      break;
    case Kind::token_bucket:
      refill(passed);
      break;
    case Kind::first_use:
      if (in_.running != 0 && now.steady >= in_.closes) close();
      break;
    case Kind::concurrency:
      break;
  }
  in_this_order();
}

void Window::roll_to(std::int64_t newest) noexcept {
  if (newest <= in_.epoch) return;
  const std::int64_t steps = std::min(newest - in_.epoch, kept_parts);
  for (std::int64_t i = newest - steps + 1; i <= newest; ++i) {
    in_.total -= part(i);
    part(i) = 0;
  }
  in_this_order();
  in_.epoch = newest;
}

void Window::close() noexcept {
  // What came when it may have closed already has perhaps opened the next one.
  const std::uint64_t late = std::max(taken_just_before(in_.closes), in_.before);
  // So has, perhaps, what came then and counts when it ends.
  const std::int64_t then = (in_.former.since + length_ - arrival_).time_since_epoch() / arrival_;
  const bool counts_later = in_.held > 0 && in_.recent_stretch >= then;
  in_.total = in_.seen < in_.closes + length_ + arrival_ ? late : 0;
  in_this_order();
  in_.former.since += length_;
  in_.before = 0;
  in_this_order();
  in_.running = in_.total > 0 || counts_later ? WindowState::may_be_opened : 0;
  proof_from_ = in_.closes;
  in_.closes += length_ + arrival_;
  ++in_.epoch;
}

void Window::note_recent(std::uint64_t amount) noexcept {
  const std::int64_t stretch = in_.seen.time_since_epoch() / arrival_;
  if (stretch != in_.recent_stretch) {
    const bool follows = stretch == in_.recent_stretch + 1;
    in_.recent_stretch = stretch;
    in_this_order();
    in_.recent_before = follows ? in_.recent : 0;
    in_this_order();
    in_.recent = 0;
  }
  in_.recent = capped_sum(in_.recent, amount);
}

// What was sent just before a reset may arrive just after it, so it is counted on both sides.
std::uint64_t Window::taken_just_before(base::Instant boundary) const noexcept {
  const std::int64_t stretch = boundary.time_since_epoch() / arrival_;
  if (stretch == in_.recent_stretch) return capped_sum(in_.recent, in_.recent_before);
  return stretch == in_.recent_stretch + 1 ? in_.recent : 0;
}

void Window::refill(nanoseconds passed) noexcept {
  if (in_.total == 0) {
    in_.refill_rest = 0;
    return;
  }
  const nanoseconds paused = std::min(passed, in_.pause);
  in_.pause -= paused;
  passed -= paused;
  const auto length = static_cast<std::uint64_t>(length_.count());
  const Wide grown = Wide{limit_} * static_cast<std::uint64_t>(passed.count()) + in_.refill_rest;
  const Wide units = grown / length;
  if (units >= in_.total) {
    in_.epoch += static_cast<std::int64_t>(in_.total);
    in_.total = 0;
    in_.refill_rest = 0;
    low_ = in_.epoch;
    return;
  }
  in_.refill_rest = 0;
  in_this_order();
  in_.total -= static_cast<std::uint64_t>(units);
  in_this_order();
  in_.epoch += static_cast<std::int64_t>(units);
  in_.refill_rest = static_cast<std::uint64_t>(grown % length);
  // All that is open may have cost nothing yet.
  if (in_.total <= early_) low_ = in_.epoch;
}

}  // namespace freellmapi::quota
