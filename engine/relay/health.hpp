// How often a provider or model has failed in a row: what makes a bench grow, and what a request that comes
// after the bench has to show first.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"

namespace freellmapi::relay {

/// Counts failures in a row under a 64-bit name, and is the circuit of that name: opened by a bench, half
/// open when the bench is over, so that one request at a time goes there, closed when one is answered. A
/// count is forgotten at the first success, and some time after its last failure. Bounded: at 4,096 names per
/// shard the shard starts anew. Thread safety: any thread; one short lock per shard, and none where nothing
/// has failed.
class Health {
 public:
  class Visit;

  /// Returns how many there are now in a row, this one included. Those that lie more than `memory` back,
  /// which must be longer than the bench they led to, do not count. 0: the circuit is open, and this request
  /// is not the one that tells whether it has to stay so.
  unsigned failed(std::uint64_t name, base::Instant now, std::chrono::seconds memory, bool probe = false);
  void succeeded(std::uint64_t name);
  /// True when no failure is counted under any name: there is nothing that a success could end.
  bool blank() const noexcept { return names_.load(std::memory_order_relaxed) == 0; }

  /// Opens the circuit: the failures counted so far have led to a bench.
  void open(std::uint64_t name);
  /// True when no circuit is open.
  bool quiet() const noexcept { return open_.load(std::memory_order_relaxed) == 0; }
  /// Asks to go to a model of a provider. Where a circuit is open and another request is finding out, only
  /// one that `insists` may: it goes without being the probe.
  bool enter(std::uint64_t model, std::uint64_t provider, base::Instant now, bool insists, Visit& out);

 private:
  struct Run {
    unsigned failures = 0;
    bool open = false;
    std::uint64_t probe = 0;  ///< 0: nobody is finding out
    base::Instant last{}, probed{};
    std::chrono::seconds memory{0};
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Run> runs;
    std::atomic<std::size_t> size{0};
  };
  using Runs = std::unordered_map<std::uint64_t, Run>;

  Shard& shard(std::uint64_t name) noexcept { return shards_[name % shards_.size()]; }
  void forget(Shard& shard, Runs::iterator run);
  bool enter(std::uint64_t name, base::Instant now, bool insists, std::uint64_t& probe);
  void leave(std::uint64_t name, std::uint64_t probe, bool answered);

  std::array<Shard, 16> shards_;
  std::atomic<std::size_t> names_{0};
  std::atomic<unsigned> open_{0};
  std::atomic<std::uint64_t> probes_{0};
};

/// One request's stay at a model, while a circuit is open: as long as it is the probe, others pass by. Ends
/// with the object. Must not outlive the health.
class Health::Visit {
 public:
  Visit() = default;
  Visit(Visit&& other) noexcept : health_(std::exchange(other.health_, nullptr)), seen_(other.seen_) {}
  Visit& operator=(Visit&&) = delete;
  ~Visit() { leave(false); }

  bool probes(std::uint64_t name) const noexcept;
  /// The provider is at work again: the circuits close, their failures are remembered until a success.
  void answered() { leave(true); }

 private:
  friend class Health;
  void leave(bool answered);
  struct Seen {
    std::uint64_t name = 0, probe = 0;
  };
  Health* health_ = nullptr;
  std::array<Seen, 2> seen_{};  // the model, its provider; probe 0: not the probe there
};

}  // namespace freellmapi::relay
