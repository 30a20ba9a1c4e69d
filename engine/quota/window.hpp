// One rule's running count. What a window does with time, amounts and corrections; who locks it is not its
// business.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "quota/calendar.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::quota {

/// What a request takes from one window. `now` is counted when it is sent, `later` (output, a slot of
/// concurrency) is held until it ends and counted then: providers count output at the start or at the end,
/// and holding covers both.
struct Amount {
  std::uint64_t now = 0, later = 0;
};

/// Not thread-safe: the owner locks. Allocates only in its constructor.
///
/// Rolling, bucket and first-use windows live on the steady clock, so setting the wall clock does not touch
/// them. Wall-clock windows cross their end only when the wall clock reaches it; a clock set back therefore
/// frees nothing, and one that was wrong by more than a period and is put right waits at most one period.
///
/// Rolling windows keep counts of `kept_parts` consecutive parts. One part more than the length is needed
/// because the newest is not full; another covers requests that reach the provider later than they were
/// reserved. So no true sliding window can hold more than the limit, and rolling_parts / kept_parts = 97.3 %
/// of it can be spent in the long run. The other kinds allow for the same delay with `arrival`.
class Window {
 public:
  static constexpr std::int64_t rolling_parts = 72;  ///< parts that make up the window's length
  static constexpr std::int64_t kept_parts = rolling_parts + 2;
  /// A mark that belongs to no epoch: what it stood for is not given back.
  static constexpr std::int64_t no_mark = -1;

  explicit Window(const policy::Rule& rule);

  /// A policy names this window with `limit`. Within one generation the smallest limit counts; a limit that
  /// differs from the last generation's forgets what the provider stated.
  void adopt(std::uint64_t limit, std::uint64_t generation) noexcept;

  struct Answer {
    enum class State { fits, full, never } state = State::fits;
    base::WallTime free_at{};  ///< for full
  };
  Answer ask(Amount amount, Now now) noexcept;
  /// Takes an amount that ask() said fits, at the same `now`. Returns the mark to settle with.
  std::int64_t take(Amount amount) noexcept;
  /// Replaces a taken amount by the actual one. Without `now` nothing is counted later than the mark (a
  /// release).
  void settle(Amount taken, Amount actual, std::int64_t mark, const Now* now) noexcept;
  /// The provider's own figures. They never lift the limit above the policy's.
  void state(const Statement& statement, Now now) noexcept;

  std::uint64_t used() const noexcept;
  std::uint64_t reserved() const noexcept;
  std::uint64_t limit() const noexcept { return limit_; }
  /// When something comes back; nullopt when nothing is spent or only in-flight requests will tell.
  std::optional<base::WallTime> resets_at(Now now) noexcept;

 private:
  enum class Kind { rolling, wall_clock, token_bucket, first_use, concurrency };

  void advance(Now now) noexcept;
  void roll_to(std::int64_t part) noexcept;
  void cross(base::WallTime wall) noexcept;
  void close() noexcept;
  void refill(std::chrono::nanoseconds passed) noexcept;
  void count(std::uint64_t amount, std::int64_t part) noexcept;
  void give_back(std::uint64_t amount, std::int64_t mark) noexcept;
  void forget(std::uint64_t amount) noexcept;
  void move_end(std::chrono::milliseconds reset_in, Now now) noexcept;
  void note_recent(std::uint64_t amount) noexcept;
  std::uint64_t taken_just_before(base::Instant boundary) const noexcept;
  base::WallTime back_after(std::uint64_t amount, Now now) const noexcept;
  std::uint64_t& part(std::int64_t number) noexcept {
    return parts_[static_cast<std::size_t>(number % kept_parts)];
  }

  Kind kind_;
  std::chrono::nanoseconds length_;
  std::chrono::nanoseconds arrival_;  // how much later than reserved a request may reach the provider
  std::uint64_t policy_limit_ = 0, limit_ = 0, stated_limit_ = 0, generation_ = 0;

  std::uint64_t total_ = 0;  // counted in the present window; for a bucket: what has not been refilled
  std::uint64_t held_ = 0;   // `later` amounts of open reservations
  std::uint64_t early_ =
      0;  // `now` amounts of open reservations; they are part of total_ while their window lasts
  std::uint32_t open_ = 0;   // reservations not yet settled
  std::uint32_t burst_ = 0;  // reservations made since open_ was last zero
  std::int64_t epoch_ = 0;   // rolling: the newest part; bucket: all that was ever refilled; else crossings
  base::Instant seen_{};     // the newest reading; older ones (a thread that was held up) change nothing

  std::vector<std::uint64_t> parts_;         // rolling
  std::chrono::nanoseconds part_length_{1};  // rolling
  Calendar calendar_;                        // wall clock
  Period period_{};                          // wall clock; empty before the first reading
  std::chrono::milliseconds shift_{0};  // wall clock: how far the provider's reset lies from the calendar's
  base::Instant closes_{};              // first use
  bool running_ = false;                // first use
  // Wall clock and first use: what was taken in the newest stretch of `arrival_`, and in the one before.
  std::uint64_t recent_ = 0, recent_before_ = 0;
  std::int64_t recent_stretch_ = 0;
  std::chrono::nanoseconds pause_{0};  // bucket: refilling starts only when the first spending has arrived
  std::uint64_t refill_rest_ = 0;      // bucket: the part of one unit already refilled, in 1 / length
};

}  // namespace freellmapi::quota
