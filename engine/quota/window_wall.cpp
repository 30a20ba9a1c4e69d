// Windows that reset at a time of day, under a clock that people can set.
#include <algorithm>

#include "quota/window.hpp"

namespace freellmapi::quota {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::chrono::hours former_least{24};
constexpr int late_share = 64;  // the last so much of a period is late

/// When a clock that is so much ahead says so.
base::Instant at_steady(base::WallTime wall, milliseconds ahead) noexcept {
  return base::Instant{wall.time_since_epoch() - ahead};
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
  if (std::chrono::abs(offset - in_.offset) > clock_slip) clock_was_set(wall, offset);
  in_.offset = offset;
  cross(wall);
}

void Window::clock_was_set(base::WallTime wall, milliseconds offset) noexcept {
  FormerClock& former = in_.former;
  const bool one = (former.live == FormerClock::set_since || former.live == FormerClock::taken_back) &&
                   wall_->behind == milliseconds{0};
  if (one && std::chrono::abs(offset - former.offset) <= clock_slip) {
    change_clocks(former.live == FormerClock::set_since ? FormerClock::taken_back : FormerClock::set_since);
    return;
  }
  // Until now it was the clock: it crosses what it has come to, and goes on beside the new one.
  cross(base::WallTime{in_.offset + steady_ms(in_.seen)});
  if (former.live == FormerClock::taken_back) former.live = 0;
  if (former.live == 0) {
    keep_beside();
  } else {
    join_former();
  }
  // By the new clock the present period may have begun before the former one's: then it has seen more.
  const Period period = calendar_period(wall);
  in_.total = capped_sum(counted(), held_before(at_steady(period.start, offset)));
  in_this_order();
  enter(period);
}

/// What the period before held that a period which began at `began` holds too, and that the count does not
/// have yet.
std::uint64_t Window::held_before(base::Instant began) noexcept {
  const milliseconds late = (in_.period.end - in_.period.start) / late_share;
  std::uint64_t wanted = began < in_.closes - late ? 2 : 1;
  if (began >= in_.closes - arrival_) wanted = 0;  // the count began with that
  if (wanted <= wall_->holds) return 0;
  const std::uint64_t had = wall_->holds == 1 ? wall_->late_before : 0;
  wall_->holds = wanted;
  return (wanted == 1 ? wall_->late_before : in_.before) - had;
}

bool Window::is_late() const noexcept {
  const base::WallTime wall{in_.offset + steady_ms(in_.seen)};
  return in_.period.end - wall <= (in_.period.end - in_.period.start) / late_share;
}

void Window::keep_beside() noexcept {
  in_.former = {0, in_.total, in_.period, in_.offset, in_.seen};
  wall_->behind = milliseconds{0};
  in_this_order();
  in_.former.live = FormerClock::set_since;
  in_this_order();
}

/// Another clock becomes a former one, beside those there are. Of them all the first to reset begins what is
/// fresh, and the last to reset ends what is not: so no more is forgotten than every one of them has
/// forgotten.
void Window::join_former() noexcept {
  FormerClock& former = in_.former;
  if (former.live == FormerClock::any) {
    former.since = in_.seen;
    return;
  }
  const milliseconds least = former.offset - std::chrono::floor<milliseconds>(wall_->behind);
  const milliseconds first = std::max(former.offset, in_.offset), last = std::min(least, in_.offset);
  if (first - last >= calendar_.shortest()) {
    suspect_any();
    return;
  }
  const Period period = least <= in_.offset ? former.period : in_.period;
  std::uint64_t fresh = counts_fresh() ? wall_->fresh : 0;
  if (former.period.start >= period.end) fresh = former.total;
  if (in_.period.start >= period.end) fresh = std::max(fresh, in_.total);
  in_.total = counted();
  in_this_order();
  former.live = 0;
  in_this_order();
  former = {0, in_.total, period, first, in_.seen};
  wall_->behind = first - last;
  wall_->fresh = fresh;
  in_this_order();
  former.live = former_wall() >= period.end ? FormerClock::some_reset : FormerClock::set_since;
  in_this_order();
}

/// What is spent from now on stays so for a longest period at least, whatever the clock says: for two at
/// most, because it is forgotten by stretches of that length. It says so in steady time.
void Window::suspect_any() noexcept {
  FormerClock& former = in_.former;
  // A clock that comes yet may have begun its period in the one before this.
  in_.total = capped_sum(counted(), in_.before);
  in_this_order();
  former.live = 0;
  in_this_order();
  const base::WallTime now{steady_ms(in_.seen)};
  const milliseconds longest = calendar_.longest() + std::chrono::ceil<milliseconds>(arrival_);
  former = {0, in_.total, {now, now + longest}, milliseconds{0}, in_.seen};
  wall_->behind = milliseconds{0};
  wall_->fresh = 0;
  in_this_order();
  former.live = FormerClock::any;
  in_this_order();
}

/// Of several the first one's.
base::WallTime Window::former_wall() const noexcept {
  return base::WallTime{in_.former.offset + steady_ms(in_.seen)};
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
  // It may have reset since the other one did: then that one's count was before, in part.
  const base::Instant began = at_steady(now.period.start, now.offset);
  wall_->holds = 0;
  if (began > in_.closes) {
    in_.before = wall_->late_before = capped_sum(in_.before, then.total);
    in_.closes = began;
  }
  in_.former.live = 0;
  if (live == FormerClock::taken_back && then.total <= now.total) return;
  in_this_order();
  in_.former = then;
  in_this_order();
  in_.former.live = live;
  in_this_order();
  in_.total = now.total;
}

void Window::cross(base::WallTime wall) noexcept {
  if (wall < in_.period.end) return;
  if (in_.former.live == FormerClock::taken_back) in_.former.live = 0;
  const milliseconds past = wall - in_.period.end;
  const bool next_one = past < in_.period.end - in_.period.start;
  in_.before = next_one ? in_.total : 0;
  wall_->late_before = std::min(in_.before, wall_->late);
  in_.closes = in_.seen - past;
  wall_->holds = 0;
  in_this_order();
  in_.total = next_one ? taken_just_before(in_.seen - past) : 0;
  in_this_order();
  enter(calendar_period(wall));
  wall_->late = 0;
}

void Window::cross_former() noexcept {
  FormerClock& former = in_.former;
  const milliseconds length = former.period.end - former.period.start;
  if (in_.seen - former.since > std::max<nanoseconds>(2 * length, former_least)) {
    former.live = 0;
    return;
  }
  if (former_wall() - wall_->behind >= former.period.end) {
    if (former.live == FormerClock::taken_back) {
      former.live = 0;
      return;
    }
    go_on_after_former();
  }
  const milliseconds past = former_wall() - former.period.end;
  if (former.live != FormerClock::set_since || wall_->behind == milliseconds{0} || past < milliseconds{0})
    return;
  wall_->fresh = taken_just_before(in_.seen - past);
  in_this_order();
  former.live = FormerClock::some_reset;
  ++in_.epoch;
}

/// The last of the former clocks has reset.
void Window::go_on_after_former() noexcept {
  FormerClock& former = in_.former;
  const milliseconds length = former.period.end - former.period.start;
  const base::WallTime last = std::chrono::floor<milliseconds>(former_wall() - wall_->behind);
  const milliseconds past = last - former.period.end;
  Period next{past < length ? former.period.end : last, {}};
  next.end = next.start + length;
  if (former.live != FormerClock::any) next = calendar_period(last);
  const std::uint64_t fresh =
      counts_fresh() ? wall_->fresh : taken_just_before(in_.seen - past - wall_->behind);
  former.total = next.start <= former.period.end ? fresh : 0;
  in_this_order();
  former.period = next;
  in_this_order();
  if (former.live == FormerClock::any) {
    wall_->fresh = 0;
  } else {
    former.live = FormerClock::set_since;
  }
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

base::WallTime Window::all_reset_after(std::uint64_t amount, Now now) const noexcept {
  const std::uint64_t room = counted() - amount;
  const FormerClock& former = in_.former;
  base::WallTime at = in_.total > room && former.live != FormerClock::any ? in_.period.end : now.wall;
  if (former.live == 0 || former.total <= room) return at;
  base::WallTime end = former.period.end;
  if (counts_fresh() && wall_->fresh > room)
    end = former.live == FormerClock::any ? end + (end - former.period.start) : calendar_period(end).end;
  const nanoseconds left = end - base::WallTime{former.offset + steady_ms(now.steady)} + wall_->behind;
  return std::max(at, now.wall + std::chrono::ceil<milliseconds>(left));
}

}  // namespace freellmapi::quota
