#include "quota/window.hpp"

#include <algorithm>
#include <limits>

namespace freellmapi::quota {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t highest_limit = std::uint64_t{1}
                                        << 60;  // leaves sums of a few amounts within 64 bits
constexpr milliseconds ask_again{1000};         // when only in-flight requests stand in the way, nobody knows
constexpr milliseconds slowest_arrival{2000};
constexpr milliseconds reset_jitter{1000};  // stated resets are rounded to seconds

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

base::WallTime wall_of(base::Instant at, Now now) noexcept {
  return now.wall + std::chrono::ceil<milliseconds>(at - now.steady);
}

}  // namespace

Window::Window(const policy::Rule& rule)
    : kind_(Kind::rolling),
      length_(std::max(rule.length, std::chrono::seconds{1})),
      arrival_(std::min<nanoseconds>(slowest_arrival, length_ / 64)) {
  if (rule.of == policy::Unit::concurrency) {
    kind_ = Kind::concurrency;
    return;
  }
  switch (rule.reset) {
    case policy::Reset::rolling:
      parts_.assign(static_cast<std::size_t>(kept_parts), 0);
      part_length_ = (length_ + nanoseconds{rolling_parts - 1}) / rolling_parts;
      break;
    case policy::Reset::wall_clock:
      kind_ = Kind::wall_clock;
      calendar_ = Calendar{rule};
      break;
    case policy::Reset::token_bucket:
      kind_ = Kind::token_bucket;
      break;
    case policy::Reset::first_use:
      kind_ = Kind::first_use;
      break;
  }
}

void Window::adopt(std::uint64_t limit, std::uint64_t generation) noexcept {
  limit = std::min(limit, highest_limit);
  if (generation == generation_) limit = std::min(limit, policy_limit_);
  generation_ = generation;
  if (limit == policy_limit_) return;
  policy_limit_ = limit_ = limit;
  stated_limit_ = 0;
}

// ---- time
// ------------------------------------------------------------------------------------------------------

void Window::advance(Now now) noexcept {
  if (now.steady < seen_) return;
  const nanoseconds passed = now.steady - seen_;
  seen_ = now.steady;
  switch (kind_) {
    case Kind::rolling:
      roll_to(now.steady.time_since_epoch() / part_length_);
      break;
    case Kind::wall_clock:
      cross(now.wall);
      break;
    case Kind::token_bucket:
      refill(passed);
      break;
    case Kind::first_use:
      if (running_ && now.steady >= closes_) close();
      break;
    case Kind::concurrency:
      break;
  }
}

void Window::roll_to(std::int64_t newest) noexcept {
  if (newest <= epoch_) return;
  const std::int64_t steps = std::min(newest - epoch_, kept_parts);
  for (std::int64_t i = newest - steps + 1; i <= newest; ++i) {
    total_ -= part(i);
    part(i) = 0;
  }
  epoch_ = newest;
}

void Window::cross(base::WallTime wall) noexcept {
  const milliseconds length = period_.end - period_.start;
  if (length == milliseconds{0} || wall >= period_.end) {
    const Period calendar = calendar_.containing(wall - shift_);
    const bool adjacent = length > milliseconds{0} && calendar.start + shift_ == period_.end;
    total_ = adjacent ? taken_just_before(seen_ - (wall - period_.end)) : 0;
    period_ = {calendar.start + shift_, calendar.end + shift_};
    ++epoch_;
  } else if (wall < period_.start - length) {
    // The clock had run far ahead and was put right. Waiting for the old end could take years: keep the
    // count for one whole period from here, in which the provider has reset at least once.
    period_ = {wall, wall + length};
  }
}

void Window::close() noexcept {
  total_ = seen_ < closes_ + length_ ? taken_just_before(closes_) : 0;
  running_ = total_ > 0;
  closes_ += length_ + arrival_;
  ++epoch_;
}

void Window::note_recent(std::uint64_t amount) noexcept {
  const std::int64_t stretch = seen_.time_since_epoch() / arrival_;
  if (stretch != recent_stretch_) {
    recent_before_ = stretch == recent_stretch_ + 1 ? recent_ : 0;
    recent_ = 0;
    recent_stretch_ = stretch;
  }
  recent_ = plus(recent_, amount);
}

// What was sent just before a reset may arrive just after it, so it is counted on both sides.
std::uint64_t Window::taken_just_before(base::Instant boundary) const noexcept {
  const std::int64_t stretch = boundary.time_since_epoch() / arrival_;
  if (stretch == recent_stretch_) return plus(recent_, recent_before_);
  return stretch == recent_stretch_ + 1 ? recent_ : 0;
}

void Window::refill(nanoseconds passed) noexcept {
  if (total_ == 0) {
    refill_rest_ = 0;
    return;
  }
  const nanoseconds paused = std::min(passed, pause_);
  pause_ -= paused;
  passed -= paused;
  const auto length = static_cast<std::uint64_t>(length_.count());
  const Wide grown = Wide{limit_} * static_cast<std::uint64_t>(passed.count()) + refill_rest_;
  const Wide units = grown / length;
  if (units >= total_) {
    epoch_ += static_cast<std::int64_t>(total_);
    total_ = 0;
    refill_rest_ = 0;
    return;
  }
  total_ -= static_cast<std::uint64_t>(units);
  epoch_ += static_cast<std::int64_t>(units);
  refill_rest_ = static_cast<std::uint64_t>(grown % length);
}

// ---- asking and taking
// -----------------------------------------------------------------------------------------

Window::Answer Window::ask(Amount amount, Now now) noexcept {
  advance(now);
  const std::uint64_t wanted = plus(amount.now, amount.later);
  if (wanted > limit_) return {Answer::State::never, {}};
  const std::uint64_t after = plus(plus(total_, held_), wanted);
  if (after <= limit_) return {};
  return {Answer::State::full, back_after(after - limit_, now)};
}

base::WallTime Window::back_after(std::uint64_t amount, Now now) const noexcept {
  if (amount > total_) return now.wall + ask_again;
  switch (kind_) {
    case Kind::rolling: {
      std::uint64_t freed = 0;
      for (std::int64_t i = std::max<std::int64_t>(epoch_ - kept_parts + 1, 0); i <= epoch_; ++i) {
        freed += parts_[static_cast<std::size_t>(i % kept_parts)];
        if (freed < amount) continue;
        return wall_of(base::Instant{part_length_ * (i + kept_parts)}, now);
      }
      return now.wall + ask_again;
    }
    case Kind::wall_clock:
      return period_.end;
    case Kind::token_bucket: {
      if (limit_ == 0) return now.wall + ask_again;
      const auto length = static_cast<std::uint64_t>(length_.count());
      const Wide missing = Wide{amount} * length - refill_rest_;
      const auto wait = static_cast<std::int64_t>((missing + limit_ - 1) / limit_);
      return wall_of(seen_ + pause_ + nanoseconds{wait}, now);
    }
    case Kind::first_use:
      return running_ ? wall_of(closes_, now) : now.wall + ask_again;
    case Kind::concurrency:
      break;
  }
  return now.wall + ask_again;
}

std::int64_t Window::take(Amount amount) noexcept {
  if (kind_ == Kind::first_use && !running_) {
    running_ = true;
    closes_ = seen_ + length_ + arrival_;
  }
  if (kind_ == Kind::token_bucket && total_ == 0) pause_ = arrival_;
  if (kind_ == Kind::wall_clock || kind_ == Kind::first_use) note_recent(amount.now);
  count(amount.now, epoch_);
  held_ = plus(held_, amount.later);
  early_ = plus(early_, amount.now);
  burst_ = open_ == 0 ? 1 : burst_ + 1;
  ++open_;
  return epoch_;
}

void Window::count(std::uint64_t amount, std::int64_t number) noexcept {
  const std::uint64_t room = highest_limit * 4 - std::min(total_, highest_limit * 4);
  amount = std::min(amount, room);
  total_ += amount;
  if (kind_ == Kind::rolling) part(number) += amount;
}

void Window::settle(Amount taken, Amount actual, std::int64_t mark, const Now* now) noexcept {
  if (now != nullptr) advance(*now);
  held_ -= std::min(held_, taken.later);
  early_ -= std::min(early_, taken.now);
  if (open_ > 0) --open_;
  if (kind_ == Kind::concurrency) return;

  if (actual.now < taken.now) {
    give_back(taken.now - actual.now, mark);
  } else if (actual.now > taken.now) {
    const bool gone =
        kind_ == Kind::rolling ? epoch_ - mark >= kept_parts : kind_ != Kind::token_bucket && mark != epoch_;
    if (!gone && mark != no_mark) count(actual.now - taken.now, mark);
  }
  // The window in which output is counted may be the one of the start or this one; what is held until now
  // covers the first, counting it here covers the second. A first-use window that has closed was not opened
  // by an end.
  if (kind_ != Kind::first_use || running_) count(actual.later, epoch_);
}

void Window::give_back(std::uint64_t amount, std::int64_t mark) noexcept {
  if (mark == no_mark) return;
  switch (kind_) {
    case Kind::rolling: {
      if (epoch_ - mark >= kept_parts) return;
      const std::uint64_t back = std::min(amount, part(mark));
      part(mark) -= back;
      total_ -= back;
      return;
    }
    case Kind::token_bucket: {
      // Some of it may have been refilled since; giving that back again would free what others have spent.
      const auto refilled = static_cast<std::uint64_t>(epoch_ - mark);
      if (refilled < amount) total_ -= std::min(total_, amount - refilled);
      return;
    }
    case Kind::wall_clock:
    case Kind::first_use:
      if (mark == epoch_) total_ -= std::min(total_, amount);
      return;
    case Kind::concurrency:
      return;
  }
}

// ---- the provider's word
// ---------------------------------------------------------------------------------------

void Window::state(const Statement& statement, Now now) noexcept {
  advance(now);
  if (statement.limit && *statement.limit > 0) {
    stated_limit_ = std::min(*statement.limit, highest_limit);
    limit_ = std::min(policy_limit_, stated_limit_);
  }
  if (kind_ == Kind::concurrency) return;
  if (statement.remaining) {
    const std::uint64_t whole = stated_limit_ > 0 ? stated_limit_ : limit_;
    const std::uint64_t spent = whole - std::min(whole, *statement.remaining);
    const std::uint64_t ours = plus(total_, held_);
    if (spent > ours) {
      // Somebody else spends this key too. No more than the limit is of use.
      const std::uint64_t more = std::min(spent, limit_) - std::min(ours, limit_);
      std::int64_t number = epoch_;
      if (kind_ == Kind::rolling && statement.reset_in) {
        const auto left = std::clamp<std::int64_t>(*statement.reset_in / part_length_ + 1, 0, kept_parts - 1);
        number = std::max<std::int64_t>(epoch_ - kept_parts + left + 1, 0);
      }
      if (kind_ == Kind::first_use && more > 0 && !running_) {
        running_ = true;
        closes_ = seen_ + length_;
      }
      count(more, number);
    } else if (open_ <= 1 && burst_ <= 1 && *statement.remaining <= whole && spent < used()) {
      // Among parallel requests an older statement may arrive last; only a request that was alone can free.
      forget(used() - spent);
    }
  }
  if (statement.reset_in) move_end(*statement.reset_in, now);
}

void Window::forget(std::uint64_t amount) noexcept {
  amount = std::min(amount, total_);
  if (kind_ == Kind::rolling) {
    // The oldest first: what stays counted then stays longest.
    std::uint64_t rest = amount;
    for (std::int64_t i = std::max<std::int64_t>(epoch_ - kept_parts + 1, 0); i <= epoch_ && rest > 0; ++i) {
      const std::uint64_t taken = std::min(rest, part(i));
      part(i) -= taken;
      rest -= taken;
    }
  }
  total_ -= amount;
}

void Window::move_end(milliseconds reset_in, Now now) noexcept {
  if (reset_in <= milliseconds{0}) return;
  if (kind_ == Kind::wall_clock) {
    const milliseconds length = period_.end - period_.start;
    const milliseconds moved = now.wall + reset_in - period_.end;
    if (reset_in > length + reset_jitter || std::chrono::abs(moved) <= reset_jitter) return;
    period_.end += moved;
    period_.start += moved;
    shift_ = (shift_ + moved) % length;
  } else if (kind_ == Kind::first_use && running_) {
    if (reset_in > duration_cast<milliseconds>(length_) + reset_jitter) return;
    closes_ = now.steady + reset_in;
  }
}

// ---- for people
// ------------------------------------------------------------------------------------------------

std::uint64_t Window::used() const noexcept { return total_ - std::min(total_, early_); }

std::uint64_t Window::reserved() const noexcept { return plus(std::min(total_, early_), held_); }

std::optional<base::WallTime> Window::resets_at(Now now) noexcept {
  advance(now);
  if (kind_ == Kind::wall_clock) return period_.end;
  if (total_ == 0 || kind_ == Kind::concurrency) return std::nullopt;
  return back_after(kind_ == Kind::rolling ? 1 : total_, now);
}

}  // namespace freellmapi::quota
