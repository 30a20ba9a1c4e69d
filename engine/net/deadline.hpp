// Deadlines that cost nothing until they pass: a field each, and one coarse timer wheel per core.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
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
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(base::Instant when);
  /// From now; zero or less means no limit.
  void set_after(std::chrono::milliseconds limit);
  void clear() noexcept { when_ = never; }
  bool pending() const noexcept { return when_ != never; }

 private:
  friend class Sweeper;
  static constexpr base::Instant never = base::Instant::max();

  Sweeper& sweeper_;
  void* const owner_;
  const Fire fire_;
  base::Instant when_ = never;
  Deadline* after_ = nullptr;
  Deadline** place_ = nullptr;  // what points to this; null: in no slot
  std::int64_t turn_ = 0;       // when its slot is looked at
};

/// Turns every 50 ms while anything waits, and sleeps otherwise; it looks only at what may be due. One that
/// is moved to later or cleared stays in its slot and is moved on when the wheel comes by, so both cost a
/// store. The tick is fixed, so that a test's clock that runs faster than the machine's is followed as well.
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
  static constexpr std::int64_t slots = 64;

  void link(Deadline& deadline);
  static void put(Deadline*& first, Deadline& deadline) noexcept;
  static void unlink(Deadline& deadline) noexcept;
  Deadline*& slot(std::int64_t turn) noexcept { return slots_[static_cast<std::size_t>(turn % slots)]; }
  void arm();
  void sweep() noexcept;
  void take(Deadline*& first) noexcept;
  // Of what was taken, fires what is due and puts the rest where it belongs now.
  void look(base::Instant now) noexcept;

  const base::Clock& clock_;
  std::optional<Timer> timer_;
  std::array<Deadline*, slots> slots_{};
  Deadline* taken_ = nullptr;
  std::int64_t turn_ = 0;  // the slots before it have been looked at
  bool armed_ = false;
};

}  // namespace freellmapi::net
