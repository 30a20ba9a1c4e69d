// How often a provider or model has failed in a row: what makes a bench grow.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"

namespace freellmapi::relay {

/// Counts failures in a row under a 64-bit name. A count is forgotten at the first success, and some time
/// after its last failure. Bounded: at 4,096 names per shard the shard starts anew. Thread safety: any
/// thread; one short lock per shard.
class Health {
 public:
  /// Returns how many there are now in a row, this one included. Those that lie more than `memory` back,
  /// which must be longer than the bench they led to, do not count.
  unsigned failed(std::uint64_t name, base::Instant now, std::chrono::seconds memory);
  void succeeded(std::uint64_t name);

 private:
  struct Run {
    unsigned failures = 0;
    base::Instant last{};
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Run> runs;
  };
  Shard& shard(std::uint64_t name) noexcept { return shards_[name % shards_.size()]; }
  std::array<Shard, 16> shards_;
};

}  // namespace freellmapi::relay
