// What outlives a policy: windows, locks and cooldowns, found again by what they count and not by where they
// stand.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/lock.hpp"
#include "quota/identity.hpp"
#include "quota/layout.hpp"
#include "quota/slots.hpp"
#include "quota/window.hpp"

namespace freellmapi::quota {

/// Until when something is benched. Guarded by a group's mutex, but for `on`, which saves the lock when there
/// is nothing. Ends when either clock says so: a suspended machine keeps the wall clock, a set one the steady
/// clock. What is written goes to the slot as well.
class Cooldown {
 public:
  /// From now on in this slot; a cooldown that it holds goes on. `reason` has static storage, or the
  /// ledger's.
  void stay_in(CooldownState& slot, std::string_view reason, Now now) noexcept;

  /// Without a lock.
  bool on() const noexcept { return on_.load(std::memory_order_acquire); }
  bool running(Now now) const noexcept { return now.steady < steady_until_ && now.wall < wall_until_; }
  base::WallTime free_at(Now now) const noexcept {
    return std::min(wall_until_,
                    now.wall + std::chrono::ceil<std::chrono::milliseconds>(steady_until_ - now.steady));
  }
  std::string_view reason() const noexcept { return reason_; }

  void start(base::Instant said, base::Instant steady_until, base::WallTime wall_until,
             std::string_view reason) noexcept;
  void end() noexcept;
  /// When it was said last, in ledger time. What an earlier process left is older than any request.
  base::Instant said() const noexcept { return said_; }
  void said_again(base::Instant at) noexcept { said_ = std::max(said_, at); }
  /// The same bench as the other's, if it has one.
  void take_over(const Cooldown& other) noexcept {
    if (other.on()) start(other.said_, other.steady_until_, other.wall_until_, other.reason_);
  }

 private:
  std::atomic<bool> on_{false};
  base::Instant said_{};
  base::Instant steady_until_{};
  base::WallTime wall_until_{};
  std::string_view reason_;
  CooldownState* slot_ = nullptr;
};

/// A lock and what it guards: the windows of a key, a provider, a model or a pool, and its cooldown. Padded,
/// so that neighbours do not share a cache line.
struct alignas(128) Group {
  enum class Kind : std::uint8_t { key, provider, model, pool };
  Group(Kind k, std::uint64_t o) : kind(k), order(o) {}

  base::Lock mutex;
  Cooldown cooldown;
  const Kind kind;
  const std::uint64_t order;  ///< locks are taken by kind, then by this

  bool before(const Group& other) const noexcept {
    return std::pair{kind, order} < std::pair{other.kind, other.order};
  }
};

/// The cooldown of one key at one model; guarded by the key's group.
struct Pair {
  Cooldown cooldown;
};

/// Things by identity, made when they are first asked for; `make` may return null. Those that no plan uses
/// are kept for a later policy, the most recently used ones, up to a bound.
template <class T>
class Remembered {
 public:
  template <class Make>
  std::shared_ptr<T> get(const Identity& id, std::uint64_t generation, const Make& make) {
    const auto place = entries_.try_emplace(id).first;
    Entry& entry = place->second;
    if (!entry.thing) entry.thing = make();
    if (!entry.thing) {
      entries_.erase(place);
      return nullptr;
    }
    entry.generation = generation;
    return entry.thing;
  }
  bool holds(const Identity& id) const { return entries_.contains(id); }

  /// Drops the oldest of those nobody holds until at most `bound` of them are left.
  void trim(std::size_t bound) {
    std::vector<std::pair<std::uint64_t, Identity>> idle;
    for (const auto& [id, entry] : entries_) {
      if (entry.thing.use_count() == 1) idle.emplace_back(entry.generation, id);
    }
    if (idle.size() <= bound) return;
    std::ranges::sort(idle, {}, &std::pair<std::uint64_t, Identity>::first);
    for (std::size_t i = 0; i < idle.size() - bound; ++i) entries_.erase(idle[i].second);
  }

 private:
  struct Entry {
    std::shared_ptr<T> thing;
    std::uint64_t generation = 0;
  };
  std::unordered_map<Identity, Entry, IdentityHash> entries_;
};

/// Everything the ledger remembers. Not thread-safe.
class Memory {
 public:
  explicit Memory(Bytes& bytes) : slots_(bytes) {}

  /// Null when there is no room for it; error() says why.
  std::shared_ptr<Window> window(const Identity& id, const policy::Rule& rule);
  std::shared_ptr<Group> group(Group::Kind kind, const Identity& id);
  std::shared_ptr<Pair> pair(const Identity& id);

  void next_generation() noexcept { ++generation_; }
  std::uint64_t generation() const noexcept { return generation_; }
  /// Drops most of what no plan uses; its slots stay.
  void trim();
  Slots& slots() noexcept { return slots_; }
  const base::Error& error() const noexcept { return error_; }

 private:
  SlotHead* slot(SlotKind kind, const Identity& id);
  bool stay(Cooldown& cooldown, const Identity& id);
  std::string_view lasting(std::string_view reason);

  Slots slots_;
  Remembered<Window> windows_;
  Remembered<Group> groups_;
  Remembered<Pair> pairs_;
  std::set<std::string, std::less<>> reasons_;  // of cooldowns that an earlier process left
  std::uint64_t generation_ = 0;
  std::uint64_t next_order_ = 0;
  base::Error error_;
};

}  // namespace freellmapi::quota
