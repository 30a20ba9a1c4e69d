// The only place that reads a clock. Everything else is handed an Instant or a WallTime.
#pragma once

#include <chrono>

namespace freellmapi::base {

/// A point on a steady clock: deadlines, durations. Never goes back, means nothing after a restart.
using Instant = std::chrono::steady_clock::time_point;
/// A point in UTC with millisecond precision: quota windows, logs. May jump.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// What all clocks say at one moment.
struct Moment {
  Instant steady, since_boot;
  WallTime wall;
};

/// The clocks of the process. Thread safety: every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Stands still while the machine sleeps: a connection's deadlines.
  virtual Instant steady() const noexcept = 0;
  /// Goes on while the machine sleeps: quota windows and cooldowns. Not comparable with steady().
  virtual Instant since_boot() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
  /// All three, at less than the price of two.
  virtual Moment moment() const noexcept { return {steady(), since_boot(), wall()}; }
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Instant steady() const noexcept override;
  Instant since_boot() const noexcept override;
  WallTime wall() const noexcept override;
  /// A thread reads one clock, and once a millisecond how far the others are from it: so much later it may
  /// see that the wall clock was set.
  Moment moment() const noexcept override;
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
