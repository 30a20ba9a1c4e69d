// How the ledger lies in its bytes. What is changed here changes layout_version.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/clock.hpp"
#include "quota/calendar.hpp"

namespace freellmapi::quota {

inline constexpr std::uint32_t layout_version = 1;
inline constexpr std::size_t head_size = 4096;
inline constexpr std::size_t block_size = std::size_t{256} * 1024;
/// 128 MiB: 160,000 rolling windows, or 520,000 of the other kinds.
inline constexpr std::size_t most_blocks = 512;

/// What a slot holds. The values are unlikely bytes, so that damage is not taken for a kind.
enum class SlotKind : std::uint32_t {
  rolling = 0x6C6C6F72,
  window = 0x646E6977,
  cooldown = 0x6C6F6F63,
  rest = 0x74736572,  ///< the end of a block that was too short for the next slot
};

struct SlotHead {
  std::uint64_t high = 0, low = 0;  ///< Identity
  SlotKind kind{};
  std::uint32_t check = 0;  ///< of the three above; 0: vacant, the kind still gives the size
};

/// A wall-clock window's count by the clock as it went before somebody set it; of several former clocks, by
/// all of them: it has counted at least as much as each.
struct FormerClock {
  // What `live` says. 0: the clock was not set.
  /// It was, and may be put back.
  static constexpr std::uint64_t set_since = 1;
  /// It was put back: this is what it had been set to.
  static constexpr std::uint64_t taken_back = 2;
  /// As set_since, of several: the first has reset, the last has not.
  static constexpr std::uint64_t some_reset = 3;
  /// Several, so far apart that any moment may be the reset of one.
  static constexpr std::uint64_t any = 4;
  std::uint64_t live = 0;
  std::uint64_t total = 0;
  Period period{};  ///< in that clock's time; of several the last one's
  /// By how much it is ahead of the steady one; of several the first one.
  std::chrono::milliseconds offset{0};
  base::Instant since{};  ///< when it was set
};

/// A window's count. Instants are in ledger time. Fields are by who uses them; the first line is everyone's.
struct WindowState {
  std::uint64_t total = 0;  ///< counted in the present window; for a bucket: what has not been refilled
  std::uint64_t held = 0;   ///< `later` amounts of open reservations
  std::int64_t epoch = 0;   ///< rolling: the newest part; bucket: all that was ever refilled; else crossings
  base::Instant seen{};     ///< the newest reading; older ones (a thread that was held up) change nothing

  std::uint64_t policy_limit = 0, stated_limit = 0;

  Period period{};                     ///< wall clock; empty before the first reading
  std::chrono::milliseconds shift{0};  ///< wall clock: how far the provider's reset lies from the calendar's

  /// Wall clock: what the period before this one held. First use: what may have reached the provider when
  /// the window had closed there.
  std::uint64_t before = 0;
  std::chrono::milliseconds offset{0};  ///< wall clock: by how much it is ahead of the steady one
  FormerClock former{};  ///< wall clock; `since` also first use: the soonest that it was opened

  base::Instant closes{};  ///< first use: at the latest; wall clock: when the period before did
  // What `running` says. 0: nothing has opened it.
  static constexpr std::uint64_t opened = 1;
  /// Nobody knows yet which request has.
  static constexpr std::uint64_t may_be_opened = 2;
  std::uint64_t running = 0;  ///< first use

  /// Wall clock and first use: what was taken in the newest stretch of `arrival`, and in the one before.
  std::uint64_t recent = 0, recent_before = 0;
  std::int64_t recent_stretch = 0;

  std::chrono::nanoseconds pause{0};  ///< bucket: refilling starts when the first spending has arrived
  std::uint64_t refill_rest = 0;      ///< bucket: the part of one unit already refilled, in 1 / length
};

/// What else a wall-clock window knows.
struct WallState {
  /// Of several former clocks, how far the last one is behind the first.
  std::chrono::milliseconds behind{0};
  std::uint64_t fresh = 0;        ///< counted since the first of several former clocks has reset
  std::uint64_t late = 0;         ///< what of `total` was counted in the last 1/64 of the period
  std::uint64_t late_before = 0;  ///< of `before` that
  std::uint64_t holds = 0;        ///< 1: `total` has late_before in it, 2: all of `before`
};

/// A rolling window's length in parts. One part more is needed because the newest is not full; another covers
/// requests that reach the provider later than they were reserved.
inline constexpr std::int64_t rolling_parts = 72;
inline constexpr std::int64_t kept_parts = rolling_parts + 2;
using Parts = std::array<std::uint64_t, static_cast<std::size_t>(kept_parts)>;

struct CooldownState {
  base::Instant steady_until{};  ///< in ledger time; the epoch: no cooldown
  base::WallTime wall_until{};
  std::array<char, 24> reason{};  ///< filled up with zeros
};

struct WindowSlot {
  SlotHead head;
  WindowState state;
  WallState wall;
};
struct RollingSlot {
  SlotHead head;
  WindowState state;
  Parts parts{};
};
struct CooldownSlot {
  SlotHead head;
  CooldownState state;
};

/// Slots begin at multiples of this: a head never lies across two sectors of a disk.
inline constexpr std::size_t slot_step = 64;
constexpr std::size_t slot_size(SlotKind kind) noexcept {
  const auto whole = [](std::size_t size) { return (size + slot_step - 1) / slot_step * slot_step; };
  switch (kind) {
    case SlotKind::rolling:
      return whole(sizeof(RollingSlot));
    case SlotKind::window:
      return whole(sizeof(WindowSlot));
    case SlotKind::cooldown:
      return whole(sizeof(CooldownSlot));
    case SlotKind::rest:
      break;
  }
  return 0;
}

/// Both clocks at one moment, and which boot the steady one belongs to.
struct Reading {
  std::uint64_t number = 0;  ///< the higher one of the two readings is the newer
  base::Instant at{};        ///< in ledger time
  base::Instant steady{};    ///< of that boot
  base::WallTime wall{};
  std::uint64_t boot_high = 0, boot_low = 0;
  std::uint64_t check = 0;
};

struct Head {
  std::array<char, 16> magic{};
  std::uint32_t version = 0, head_bytes = 0, block_bytes = 0, blocks_most = 0;
  std::uint32_t rolling_bytes = 0, window_bytes = 0, cooldown_bytes = 0, padding = 0;
  std::uint64_t check = 0;  ///< of everything above
  std::uint64_t used = 0;   ///< bytes of the blocks that hold slots; what lies behind them means nothing
  std::array<Reading, 2> readings{};  ///< written in turn, so that one of them is always whole
};

static_assert(sizeof(SlotHead) == 24 && sizeof(WindowState) == 192 && sizeof(CooldownState) == 40);
static_assert(sizeof(Head) <= head_size && block_size % slot_step == 0);
static_assert(slot_size(SlotKind::window) == 256 && slot_size(SlotKind::rolling) == 832);
static_assert(std::is_trivially_copyable_v<WindowSlot> && std::is_standard_layout_v<WindowSlot>);
static_assert(std::is_trivially_copyable_v<RollingSlot> && std::is_trivially_copyable_v<Head>);
static_assert(std::is_standard_layout_v<RollingSlot> && std::is_standard_layout_v<Head>);

/// Stores above stay before stores below. A process that is killed leaves exactly the stores it had come to,
/// on every machine: only the compiler's order has to be held, and that costs nothing.
inline void in_this_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace freellmapi::quota
