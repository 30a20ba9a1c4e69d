#include "base/clock.hpp"

#include <time.h>

namespace freellmapi::base {

namespace {

struct Apart {
  Instant at{};
  std::chrono::nanoseconds steady{0}, wall{0};  // ahead of the clock that counts since the start
};

// Here and not in the class: of several copies the linker takes one, and that may be a small and slow one.
Instant read_steady() noexcept { return std::chrono::steady_clock::now(); }
Instant read_since_boot() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}
WallTime read_wall() noexcept {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// False: the thread was held up between two readings, so that they tell nothing of each other.
bool measure(Apart& apart, Instant now) noexcept {
  constexpr std::chrono::microseconds held_up{20};
  const Instant steady_now = read_steady();
  const auto wall_now = std::chrono::system_clock::now().time_since_epoch();
  if (read_since_boot() - now > held_up) return false;
  apart = {now, steady_now - now, wall_now - now.time_since_epoch()};
  return true;
}

}  // namespace

Instant SystemClock::steady() const noexcept { return read_steady(); }
Instant SystemClock::since_boot() const noexcept { return read_since_boot(); }
WallTime SystemClock::wall() const noexcept { return read_wall(); }

Moment SystemClock::moment() const noexcept {
  constexpr std::chrono::milliseconds renewed_after{1};
  thread_local Apart apart;
  const Instant now = read_since_boot();
  if (now - apart.at >= renewed_after && !measure(apart, now)) return {read_steady(), now, read_wall()};
  const auto wall_at = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch() + apart.wall);
  return {now + apart.steady, now, WallTime{wall_at}};
}

}  // namespace freellmapi::base
