// The only place that reads a clock. Everything else is handed an Instant or a WallTime.
#pragma once

#include <time.h>

#include <chrono>

namespace freellmapi::base {

/// A point on a steady clock: deadlines, durations. Never goes back, means nothing after a restart.
using Instant = std::chrono::steady_clock::time_point;
/// A point in UTC with millisecond precision: quota windows, logs. May jump.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Both clocks of the process. Thread safety: every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Stands still while the machine sleeps: a connection's deadlines.
  virtual Instant steady() const noexcept = 0;
  /// Goes on while the machine sleeps: quota windows and cooldowns. Not comparable with steady().
  virtual Instant since_boot() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Instant steady() const noexcept override { return std::chrono::steady_clock::now(); }
  Instant since_boot() const noexcept override {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
  }
  WallTime wall() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

/// A clock that moves only when told. For tests and simulation; not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime wall = WallTime{std::chrono::milliseconds{1'767'225'600'000}})
      : wall_(wall) {}
  Instant steady() const noexcept override { return steady_; }
  Instant since_boot() const noexcept override { return steady_ + slept_; }
  WallTime wall() const noexcept override { return wall_; }
  /// Moves all clocks forward.
  void advance(std::chrono::milliseconds by) {
    steady_ += by;
    wall_ += by;
  }
  /// The machine sleeps.
  void sleep(std::chrono::milliseconds by) {
    slept_ += by;
    wall_ += by;
  }
  /// Moves the wall clock alone, in either direction: somebody set the time.
  void jump_wall(std::chrono::milliseconds by) { wall_ += by; }

 private:
  Instant steady_{std::chrono::hours{1}};
  std::chrono::milliseconds slept_{0};
  WallTime wall_;
};

}  // namespace freellmapi::base
