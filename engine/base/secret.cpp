#include "base/secret.hpp"

#include <algorithm>
#include <cstddef>

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
  std::size_t difference = a.size() ^ b.size();
  const std::size_t n = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < n; ++i) {
    difference |=
        static_cast<std::size_t>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

}  // namespace freellmapi::base
