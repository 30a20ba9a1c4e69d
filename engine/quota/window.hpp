// One rule's running count. What a window does with time, amounts and corrections; who locks it is not its
// business.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "quota/calendar.hpp"
#include "quota/layout.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::quota {

/// What a request takes from one window. `now` is counted when it is sent, `later` (output, a slot of
/// concurrency) is held until it ends and counted then: providers count output at the start or at the end,
/// and holding covers both.
struct Amount {
  std::uint64_t now = 0, later = 0;
};

/// A limit above this counts as this: sums of a few amounts stay within 64 bits.
inline constexpr std::uint64_t highest_limit = std::uint64_t{1} << 60;

/// a + b, or the highest number there is.
constexpr std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t highest = ~std::uint64_t{0};
  return a > highest - b ? highest : a + b;
}

/// Not thread-safe: the owner locks. What must outlive the process is written to its slot at once, in an
/// order in which a kill between any two stores counts too much rather than too little. Allocates only in its
/// constructor.
///
/// Rolling, bucket and first-use windows live on the steady clock, so setting the wall clock does not touch
/// them. A wall-clock window whose clock is set by more than a second goes on counting by the former clock as
/// well, because nobody can know which of the two is the provider's: what either has counted is spent. So a
/// clock set back frees nothing, nor does one set forward, and both reset on time, so nothing is stuck. The
/// former clock is dropped when the provider says when it resets, or when the new time has stood for two
/// periods and a day. When the clock is put back, it was the right one: what the other one has counted stays
/// spent until either resets.
///
/// A third time makes several former clocks of one: what is spent stays so until the last of them resets.
/// Where they are a whole period apart or more, any moment may be the provider's reset, and what is spent
/// stays so for one period at least and for less than two.
///
/// Rolling windows keep counts of `kept_parts` consecutive parts, so no true sliding window can hold more
/// than the limit, and rolling_parts / kept_parts = 97.3 % of it can be spent in the long run. The other
/// kinds allow for a late arrival with `arrival`.
class alignas(64) Window {
 public:
  /// A mark that belongs to no epoch: what it stood for is not given back.
  static constexpr std::int64_t no_mark = -1;
  /// The mark of what is held until it is sent.
  static constexpr std::int64_t held_mark = -2;

  static SlotKind slot_kind(const policy::Rule& rule) noexcept;
  /// `state` and, for slot_kind rolling, `parts`, for the other kind `wall` outlive it. What is still held in
  /// them was in flight when the process before ended, which was not later than `ended`: it is spent.
  Window(const policy::Rule& rule, WindowState& state, Parts* parts, WallState* wall, Now ended);

  /// A policy names this window with `limit`. Within one generation the smallest limit counts, and it may be
  /// lifted when all say so; a limit that differs from the last generation's forgets what the provider
  /// stated.
  void adopt(std::uint64_t limit, bool liftable, std::uint64_t generation) noexcept;

  struct Answer {
    enum class State { fits, full, never } state = State::fits;
    base::WallTime free_at{};  ///< for full
  };
  Answer ask(Amount amount, Now now) noexcept;
  /// Takes an amount that ask() said fits, at the same `now`. Returns the mark to settle with.
  std::int64_t take(Amount amount) noexcept;
  /// What was taken at the mark leaves later: it is held, which time does not take away, and counted by
  /// sent(). Both return the new mark.
  std::int64_t hold(Amount taken, std::int64_t mark, Now now) noexcept;
  std::int64_t sent(Amount taken, std::int64_t mark, Now now) noexcept;
  /// Replaces a taken amount by the actual one. Without `now` nothing is counted later than the mark (a
  /// release).
  void settle(Amount taken, Amount actual, std::int64_t mark, const Now* now) noexcept;
  /// The provider's own figures. They lower the limit at once; above a policy's that may be lifted they lift
  /// it when they have been said twice running.
  void state(const Statement& statement, Now now) noexcept;

  /// Goes on from another window of the same rule. What is in flight there is spent here, as of `ended`.
  void become(const Window& other, Now ended) noexcept;

  std::uint64_t used() const noexcept;
  std::uint64_t reserved() const noexcept;
  /// Both together.
  std::uint64_t taken() const noexcept { return capped_sum(counted(), in_.held); }
  std::uint64_t limit() const noexcept { return limit_; }
  /// What the provider said of this window last, since the process began.
  const Stated& stated(Now now) noexcept;
  /// How much of it goes unused: the share that is left, in millionths, for each hour until it resets.
  /// Nothing for windows under an hour, which are soon full again, and for slots of concurrency.
  std::optional<std::uint64_t> pressure(Now now) noexcept;
  /// The share that is left, in millionths; all of it for slots of concurrency, which come back soon.
  std::uint64_t headroom(Now now) noexcept;
  /// At the pace of its use so far, with this amount, at least a fifth of it is left when it resets. The pace
  /// is that of its present run, at least a twenty-fourth of it; of windows that look back, of all their
  /// length. False for one that nothing has opened: it does not run out. Nothing for slots of concurrency.
  std::optional<bool> surplus(Amount amount, Now now) noexcept;
  /// When something comes back; nullopt when nothing is spent or only in-flight requests will tell.
  std::optional<base::WallTime> resets_at(Now now) noexcept;

 private:
  enum class Kind { rolling, wall_clock, token_bucket, first_use, concurrency };

  void advance(Now now) noexcept;
  bool quiet(Now now) const noexcept;
  void pass(Now now) noexcept;
  Answer refusal(Amount amount, Now now) const noexcept;
  void roll_to(std::int64_t part) noexcept;
  void follow(base::WallTime wall) noexcept;
  void cross(base::WallTime wall) noexcept;
  void cross_former() noexcept;
  void go_on_after_former() noexcept;
  void clock_was_set(base::WallTime wall, std::chrono::milliseconds offset) noexcept;
  void drop_former() noexcept;
  void keep_beside() noexcept;
  void join_former() noexcept;
  void suspect_any() noexcept;
  bool is_late() const noexcept;
  bool counts_fresh() const noexcept { return in_.former.live >= FormerClock::some_reset; }
  base::WallTime former_wall() const noexcept;
  std::uint64_t held_before(base::Instant began) noexcept;
  void change_clocks(std::uint64_t live) noexcept;
  base::WallTime all_reset_after(std::uint64_t amount, Now now) const noexcept;
  Period calendar_period(base::WallTime wall) const noexcept;
  /// True when a former clock is gone on with beside the present one.
  bool beside() const noexcept { return kind_ == Kind::wall_clock && in_.former.live != 0; }
  std::uint64_t counted() const noexcept {
    if (!beside()) return in_.total;
    return in_.former.live == FormerClock::any ? in_.former.total : std::max(in_.total, in_.former.total);
  }
  void close() noexcept;
  void refill(std::chrono::nanoseconds passed) noexcept;
  void count(std::uint64_t amount, std::int64_t part) noexcept;
  void spend(Amount taken, Amount actual, std::int64_t mark) noexcept;
  std::int64_t count_from_now(std::uint64_t amount) noexcept;
  std::int64_t count_held(std::uint64_t amount) noexcept;
  void settle_first_use(Amount taken, Amount actual, std::int64_t mark) noexcept;
  void begin_to_count(std::uint64_t amount) noexcept;
  void may_open() noexcept;
  void has_counted(base::Instant taken) noexcept;
  bool is_counted(std::int64_t mark) const noexcept;
  void give_back(std::uint64_t amount, std::int64_t mark) noexcept;
  void give_back_unrolled(std::uint64_t amount, std::int64_t mark) noexcept;
  void forget(std::uint64_t amount) noexcept;
  void state_limit(std::uint64_t limit) noexcept;
  void set_limit() noexcept;
  void move_end(std::chrono::milliseconds reset_in, Now now) noexcept;
  void note_recent(std::uint64_t amount) noexcept;
  std::uint64_t taken_just_before(base::Instant boundary) const noexcept;
  base::WallTime back_after(std::uint64_t amount, Now now) const noexcept;
  std::uint64_t& part(std::int64_t number) noexcept {
    return (*parts_)[static_cast<std::uint64_t>(number) % parts_->size()];
  }
  void spend_what_is_held(Now ended) noexcept;
  void enter(Period period) noexcept;

  // Every request's, and together in one line of the cache.
  WindowState& in_;
  Parts* parts_;     // rolling
  WallState* wall_;  // all others
  Kind kind_;
  bool counts_requests_;
  std::chrono::nanoseconds part_length_{1};  // rolling
  std::uint64_t limit_ = 0;
  std::uint64_t early_ = 0;  // `now` amounts of open reservations; part of the total while their window lasts
  std::uint32_t open_ = 0;   // reservations not yet settled
  std::uint32_t burst_ = 0;  // reservations made since open_ was last zero
  std::chrono::nanoseconds arrival_;  // how much later than it left a request may reach the provider

  std::chrono::nanoseconds length_;
  std::uint64_t generation_ = 0;
  bool liftable_ = false, confirmed_ = false;  // confirmed: the stated limit has been said twice running
  Stated stated_;
  base::Instant proof_from_{};    // first use: who was taken since then and counts was in the present window
  base::Instant others_since_{};  // when others were last seen to spend
  // Bucket: where the epoch stood when the provider's may last have been full, and refilling in vain.
  std::int64_t low_ = 0;
  Calendar calendar_;  // wall clock
};

}  // namespace freellmapi::quota

#include "quota/window_request.hpp"
