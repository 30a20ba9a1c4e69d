// Remembers which candidate a conversation was served by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace freellmapi::routing {

/// Conversation -> provider/model and key fingerprint, so that a pin outlives a reload, and whoever writes
/// the changed ones down, a restart. A conversation goes by a new name after each turn. Bounded (oldest out
/// first). Thread safety: any thread; sharded locks.
class Sticky {
 public:
  struct Pin {
    std::uint64_t model_name = 0;       ///< base::fnv1a of "provider/model"
    std::uint64_t key_fingerprint = 0;  ///< 0: keyless
    std::uint64_t conversation = 0;     ///< the same in all its turns
  };
  struct Kept {
    std::uint64_t session = 0;
    Pin pin;
    base::Instant at{};
  };
  static constexpr std::size_t usual_capacity = 16'384;
  explicit Sticky(std::size_t capacity = usual_capacity);
  ~Sticky();
  std::optional<Pin> find(std::uint64_t session, base::Instant now, std::chrono::milliseconds ttl) const;
  void remember(std::uint64_t session, Pin pin, base::Instant now);
  /// As it was written down; what has been remembered since counts more.
  void restore(const Kept& kept);
  /// Takes what was remembered since the last time, appended to `out`.
  void take_changed(std::vector<Kept>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freellmapi::routing
