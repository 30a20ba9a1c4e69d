// Keeps a flood of refused requests from becoming a flood of log lines.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace freellmapi::surfaces {

/// Of one kind of refusal from one peer a line a second is written. Bounded: kinds and peers that fall on one
/// place share it. Thread safety: any thread.
class RefusalCount {
 public:
  /// How many were kept back since the last line, when a line may be written now.
  std::optional<std::uint64_t> count(std::string_view code, std::string_view peer, base::Instant now);

 private:
  struct Place {
    std::optional<base::Instant> written;
    std::uint64_t kept_back = 0;
  };
  std::mutex mutex_;
  std::array<Place, 256> places_;
};

}  // namespace freellmapi::surfaces
