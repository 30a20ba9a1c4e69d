#include "base/secret.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace freellmapi::base {

namespace {
// Through a volatile pointer, so that the compiler may not drop stores to memory that dies.
void wipe_bytes(char* data, std::size_t n) noexcept {
  volatile char* p = data;
  for (std::size_t i = 0; i < n; ++i) p[i] = 0;
}
}  // namespace

void Secret::wipe() noexcept {
  // The whole capacity: a shorter value may have been assigned over a longer one.
  value_.resize(value_.capacity());
  wipe_bytes(value_.data(), value_.size());
  value_.clear();
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    std::string copy = other.value_;
    wipe();
    value_.swap(copy);
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = other.value_;
    other.wipe();
  }
  return *this;
}

std::string Secret::last_four() const {
  const std::size_t shown = std::min<std::size_t>(4, value_.size() / 4);
  return value_.substr(value_.size() - shown);
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  std::uint64_t difference = a.size() ^ b.size();
  const auto compare = [&difference](const char* x, const char* y, std::size_t size) {
    std::uint64_t left = 0, right = 0;
    std::memcpy(&left, x, size);
    std::memcpy(&right, y, size);
    difference |= left ^ right;
  };
  constexpr std::size_t word = sizeof difference;
  const std::size_t n = std::min(a.size(), b.size());
  std::size_t i = 0;
  for (; i + word <= n; i += word) compare(a.data() + i, b.data() + i, word);
  for (; i < n; ++i) compare(a.data() + i, b.data() + i, 1);
  return difference == 0;
}

}  // namespace freellmapi::base
