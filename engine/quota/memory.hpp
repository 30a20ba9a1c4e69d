// What outlives a policy: windows, locks and cooldowns, found again by what they count and not by where they
// stand.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "quota/window.hpp"

namespace freellmapi::quota {

/// A hundred and twenty-eight bits over what a thing is: "window groq llama requests day ...".
struct Identity {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Identity&) const = default;

  explicit Identity(std::string_view kind);
  Identity& with(std::string_view part);
  Identity& with(std::uint64_t part);
};
struct IdentityHash {
  std::size_t operator()(const Identity& id) const noexcept { return static_cast<std::size_t>(id.low); }
};
/// The rule without its limit. `repeat` tells apart rules that are otherwise the same.
Identity identity_of(const Identity& owner, const policy::Rule& rule, unsigned repeat);

/// Until when something is benched. Guarded by a group's mutex, but for `on`, which saves the lock when there
/// is nothing. Ends when either clock says so: a suspended machine keeps the wall clock, a set one the steady
/// clock.
struct Cooldown {
  std::atomic<bool> on{false};
  base::Instant steady_until{};
  base::WallTime wall_until{};
  std::string_view reason;

  bool running(Now now) const noexcept { return now.steady < steady_until && now.wall < wall_until; }
  base::WallTime free_at(Now now) const noexcept {
    return std::min(wall_until,
                    now.wall + std::chrono::ceil<std::chrono::milliseconds>(steady_until - now.steady));
  }
};

/// A lock and what it guards: the windows of a key, a provider, a model or a pool, and its cooldown. Padded,
/// so that neighbours do not share a cache line.
struct alignas(128) Group {
  enum class Kind : std::uint8_t { key, provider, model, pool };
  Group(Kind k, std::uint64_t o) : kind(k), order(o) {}

  std::mutex mutex;
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

/// Things by identity. Those that no plan uses are kept for a later policy, the most recently used ones, up
/// to a bound.
template <class T>
class Remembered {
 public:
  template <class Make>
  std::shared_ptr<T> get(const Identity& id, std::uint64_t generation, const Make& make) {
    Entry& entry = entries_.try_emplace(id).first->second;
    if (!entry.thing) entry.thing = make();
    entry.generation = generation;
    return entry.thing;
  }

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

}  // namespace freellmapi::quota
