#include "relay/places.hpp"

#include <algorithm>
#include <bit>

#include "base/ids.hpp"

namespace freellmapi::relay {

Places::Places(std::size_t most)
    : most_(std::max<std::size_t>(most, 1)),
      mask_(std::bit_ceil(most_ * 2) - 1),
      entries_(std::make_unique<Entry[]>(most_ + 1)),
      numbers_(std::make_unique<std::atomic<std::uint32_t>[]>(mask_ + 1)) {
  entries_[0].name.first = "other";
}

std::uint64_t Places::hash_of(std::string_view first, std::string_view second) noexcept {
  return base::fnv1a(second, base::fnv1a(first));
}

std::size_t Places::find(std::string_view first, std::string_view second) const noexcept {
  const std::uint64_t hash = hash_of(first, second);
  // Half of the numbers are 0 at least, so the walk ends.
  for (std::uint64_t at = hash;; ++at) {
    const std::uint32_t number = numbers_[at & mask_].load(std::memory_order_acquire);
    if (number == 0) return 0;
    const Entry& entry = entries_[number];
    if (entry.hash == hash && entry.name.first == first && entry.name.second == second) return number;
  }
}

void Places::add(std::string_view first, std::string_view second) {
  const std::lock_guard lock(adding_);
  const std::size_t number = count_.load(std::memory_order_relaxed);
  if (number > most_ || find(first, second) != 0) return;
  Entry& entry = entries_[number];
  entry.hash = hash_of(first, second);
  entry.name = {std::string(first), std::string(second)};
  std::uint64_t at = entry.hash;
  while (numbers_[at & mask_].load(std::memory_order_relaxed) != 0) ++at;
  numbers_[at & mask_].store(static_cast<std::uint32_t>(number), std::memory_order_release);
  count_.store(number + 1, std::memory_order_release);
}

std::vector<Places::Name> Places::names() const {
  std::vector<Name> out;
  const std::size_t count = count_.load(std::memory_order_acquire);
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(entries_[i].name);
  return out;
}

}  // namespace freellmapi::relay
