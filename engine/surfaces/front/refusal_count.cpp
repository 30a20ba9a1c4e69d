#include "surfaces/front/refusal_count.hpp"

#include <chrono>
#include <utility>

#include "base/ids.hpp"

namespace freellmapi::surfaces {

std::optional<std::uint64_t> RefusalCount::count(std::string_view code, std::string_view peer,
                                                 base::Instant now) {
  const std::uint64_t name = base::fnv1a(peer, base::fnv1a(code));
  const std::lock_guard lock(mutex_);
  Place& place = places_[name % places_.size()];
  if (place.written && now - *place.written < std::chrono::seconds{1}) {
    ++place.kept_back;
    return std::nullopt;
  }
  place.written = now;
  return std::exchange(place.kept_back, 0);
}

}  // namespace freellmapi::surfaces
