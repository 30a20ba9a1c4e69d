// Windows that reset at a time of day, under a clock that people can set.
#include <algorithm>

#include "quota/window.hpp"

namespace freellmapi::quota {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds slip{1000};  // less is a clock that is being kept right
constexpr std::chrono::hours former_least{24};
// What FormerClock::live says of it.
constexpr std::uint64_t set_since = 1;   // the clock was set, and may be put back
constexpr std::uint64_t taken_back = 2;  // it was put back: this is what it had been set to

milliseconds steady_ms(base::Instant at) noexcept {
  return std::chrono::floor<milliseconds>(at.time_since_epoch());
}

}  // namespace

Period Window::calendar_period(base::WallTime wall) const noexcept {
  const Period calendar = calendar_.containing(wall - in_.shift);
  return {calendar.start + in_.shift, calendar.end + in_.shift};
}

void Window::follow(base::WallTime wall) noexcept {
  const milliseconds offset = wall.time_since_epoch() - steady_ms(in_.seen);
  if (in_.period.end == in_.period.start) {
    in_.offset = offset;
    enter(calendar_period(wall));
    return;
  }
  if (in_.former.live != 0) cross_former();
  if (std::chrono::abs(offset - in_.offset) > slip) clock_was_set(wall, offset);
  in_.offset = offset;
  cross(wall);
}

void Window::clock_was_set(base::WallTime wall, milliseconds offset) noexcept {
  FormerClock& former = in_.former;
  if (former.live != 0 && std::chrono::abs(offset - former.offset) <= slip) {
    change_clocks(former.live == set_since ? taken_back : set_since);
    return;
  }
  // Until now it was the clock: it crosses what it has come to, and goes on beside the new one.
  cross(base::WallTime{in_.offset + steady_ms(in_.seen)});
  if (former.live == taken_back) former.live = 0;
  keep_beside();
  // By the new clock the present period may have begun before the former one's: then it has seen more.
  const Period period = calendar_period(wall);
  const base::WallTime former_wall{former.offset + steady_ms(in_.seen)};
  const bool began_before = wall - period.start > former_wall - former.period.start;
  in_.total = capped_sum(counted(), began_before ? in_.before : 0);
  in_this_order();
  enter(period);
}

/// Of three clocks two are gone on with: the new one, and of the others the one that resets later, with what
/// either has counted.
void Window::keep_beside() noexcept {
  FormerClock& former = in_.former;
  const milliseconds left = in_.period.end.time_since_epoch() - in_.offset;
  const bool later = former.live == 0 || left > former.period.end.time_since_epoch() - former.offset;
  const std::uint64_t both = counted();
  in_.total = both;
  in_this_order();
  if (later) {
    former.live = 0;
    in_this_order();
    former = {0, both, in_.period, in_.offset, in_.seen};
    in_this_order();
    former.live = set_since;
  } else {
    former.total = both;
    former.since = in_.seen;
  }
  in_this_order();
}

/// The clock is again what the former one says. When it is put back, the two are one again, unless the clock
/// that is taken back has counted more, because the right one has reset meanwhile: then that stays spent
/// until either of them resets, and no longer.
void Window::change_clocks(std::uint64_t live) noexcept {
  const FormerClock now = in_.former;
  const FormerClock then{0, in_.total, in_.period, in_.offset, in_.seen};
  in_.total = counted();
  in_this_order();
  enter(now.period);
  in_this_order();
  in_.former.live = 0;
  if (live == taken_back && then.total <= now.total) return;
  in_this_order();
  in_.former = then;
  in_this_order();
  in_.former.live = live;
  in_this_order();
  in_.total = now.total;
}

void Window::cross(base::WallTime wall) noexcept {
  if (wall < in_.period.end) return;
  if (in_.former.live == taken_back) in_.former.live = 0;
  const milliseconds past = wall - in_.period.end;
  const bool next_one = past < in_.period.end - in_.period.start;
  in_.before = next_one ? in_.total : 0;
  in_this_order();
  in_.total = next_one ? taken_just_before(in_.seen - past) : 0;
  in_this_order();
  enter(calendar_period(wall));
}

void Window::cross_former() noexcept {
  FormerClock& former = in_.former;
  const milliseconds length = former.period.end - former.period.start;
  if (in_.seen - former.since > std::max<std::chrono::nanoseconds>(2 * length, former_least)) {
    former.live = 0;
    return;
  }
  const base::WallTime wall{former.offset + steady_ms(in_.seen)};
  if (wall < former.period.end) return;
  if (former.live == taken_back) {
    former.live = 0;
    return;
  }
  const milliseconds past = wall - former.period.end;
  former.total = past < length ? taken_just_before(in_.seen - past) : 0;
  in_this_order();
  former.period = calendar_period(wall);
  ++in_.epoch;
}

/// The provider has told when it resets.
void Window::drop_former() noexcept {
  if (in_.former.live == 0) return;
  in_.total = counted();
  in_this_order();
  in_.former.live = 0;
}

void Window::enter(Period period) noexcept {
  in_.period.end = period.end;
  in_this_order();
  in_.period.start = period.start;
  ++in_.epoch;
}

base::WallTime Window::both_reset_after(std::uint64_t amount, Now now) const noexcept {
  const std::uint64_t room = counted() - amount;
  base::WallTime at = in_.total > room ? in_.period.end : now.wall;
  if (in_.former.live != 0 && in_.former.total > room) {
    const base::WallTime former_wall{in_.former.offset + steady_ms(now.steady)};
    at = std::max(at, now.wall + (in_.former.period.end - former_wall));
  }
  return at;
}

}  // namespace freellmapi::quota
