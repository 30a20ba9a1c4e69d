// Deadlines that cost nothing until they pass: a field each, and one coarse timer per core that looks at
// them.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "net/asio.hpp"

namespace freellmapi::net {

class Sweeper;

/// A moment after which `fire` is called once, at most 50 ms late. Core only. The sweeper must outlive it.
class Deadline {
 public:
  using Fire = void (*)(void* owner) noexcept;
  Deadline(Sweeper& sweeper, void* owner, Fire fire) noexcept
      : sweeper_(sweeper), owner_(owner), fire_(fire) {}
  ~Deadline() { clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(base::Instant when);
  /// From now; zero or less means no limit.
  void set_after(std::chrono::milliseconds limit);
  void clear() noexcept;
  bool pending() const noexcept { return linked_; }

 private:
  friend class Sweeper;
  Sweeper& sweeper_;
  void* const owner_;
  const Fire fire_;
  base::Instant when_{};
  Deadline *before_ = nullptr, *after_ = nullptr;
  bool linked_ = false;
};

/// Looks every 50 ms while anything waits, and sleeps otherwise. The tick is fixed, so that a test's clock
/// that runs faster than the machine's is followed as well.
class Sweeper {
 public:
  Sweeper(asio::io_context& io, const base::Clock& clock) : clock_(clock), timer_(Timer(io.get_executor())) {}
  const base::Clock& clock() const noexcept { return clock_; }
  /// Fires everything that is pending: the core is being stopped.
  void fire_all() noexcept;
  /// Gives the timer back, before the loop is destroyed; deadlines may still be set and cleared, but none
  /// fires.
  void close() noexcept { timer_.reset(); }

 private:
  friend class Deadline;
  void link(Deadline& deadline);
  void unlink(Deadline& deadline) noexcept;
  void arm();
  void sweep(bool everything) noexcept;

  const base::Clock& clock_;
  std::optional<Timer> timer_;
  Deadline* first_ = nullptr;
  Deadline* next_ = nullptr;  // where the running sweep goes on; unlink() keeps it right
  bool armed_ = false;
};

}  // namespace freellmapi::net
