// Who waits for room in which window: first come, first served, over all cores.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "policy/policy.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::relay {

/// Stands for a rule's window: which key, model or pool it counts for.
using WindowName = std::uint64_t;
/// `rule` is one of this model's or of its provider's; `key` is none for a keyless provider.
WindowName window_name(const policy::Policy& policy, const policy::Rule& rule, policy::KeyIndex key) noexcept;

/// Thread safety: any thread; a lock for each shard. A line is as long as the requests in progress that have
/// joined it, and at most `longest`.
class Lines {
 public:
  static constexpr std::size_t longest = 1024;

  Lines() = default;
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  /// A place in a line, given up when it is destroyed. The lines outlive it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place() { leave(); }
    explicit operator bool() const noexcept { return lines_ != nullptr; }
    /// Nobody stands before it.
    bool first() const;

   private:
    friend class Lines;
    void leave() noexcept;
    Lines* lines_ = nullptr;
    WindowName window_ = 0;
    std::uint64_t ticket_ = 0;
  };

  /// What all who wait there want together; `requests` says how many they are.
  quota::Need wanted(WindowName window) const;
  /// The last place; an empty one when the line is full.
  Place join(WindowName window, const quota::Need& need);
  /// Nobody waits anywhere: asked first, for it costs a load.
  bool empty() const noexcept { return waiting_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Waiting {
    std::uint64_t ticket;
    quota::Need need;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<WindowName, std::deque<Waiting>> lines;  // those that are not empty
  };
  Shard& shard(WindowName window) noexcept { return shards_[window % shards_.size()]; }
  const Shard& shard(WindowName window) const noexcept { return shards_[window % shards_.size()]; }

  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> tickets_{0};
  std::array<Shard, 16> shards_;
};

}  // namespace freellmapi::relay
