// Remembers which candidate a conversation was served by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace freellmapi::routing {

/// Session hash -> provider/model and key fingerprint, so that a pin outlives a reload. Bounded (oldest out
/// first). Thread safety: any thread; sharded locks.
class Sticky {
 public:
  struct Pin {
    std::uint64_t model_name = 0;       ///< base::fnv1a of "provider/model"
    std::uint64_t key_fingerprint = 0;  ///< 0: keyless
  };
  explicit Sticky(std::size_t capacity = 16'384);
  ~Sticky();
  std::optional<Pin> find(std::uint64_t session, base::Instant now, std::chrono::milliseconds ttl) const;
  void remember(std::uint64_t session, Pin pin, base::Instant now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freellmapi::routing
