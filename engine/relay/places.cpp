#include "relay/places.hpp"

#include <algorithm>

namespace freellmapi::relay {

Places::Places(std::size_t most) : most_(std::max<std::size_t>(most, 1)), names_{{"other", ""}} {}

std::uint32_t Places::add(std::string_view first, std::string_view second) {
  const Name name{first, second};
  const std::lock_guard lock(mutex_);
  if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
  if (names_.size() > most_) return 0;
  const auto number = static_cast<std::uint32_t>(names_.size());
  names_.push_back(name);
  numbers_.emplace(name, number);
  return number;
}

std::vector<Places::Name> Places::names() const {
  const std::lock_guard lock(mutex_);
  return names_;
}

}  // namespace freellmapi::relay
