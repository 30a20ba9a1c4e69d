// A hash that says nothing of what was hashed to whoever has not its key: names of rows on a disk.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace freellmapi::base {

/// SipHash-2-4. Immutable; any thread.
class KeyedHash {
 public:
  using Key = std::array<unsigned char, 16>;
  explicit KeyedHash(const Key& key) noexcept;
  std::uint64_t operator()(std::string_view bytes) const noexcept;
  /// Of its eight bytes, little end first.
  std::uint64_t operator()(std::uint64_t value) const noexcept;

 private:
  std::uint64_t k0_, k1_;
};

}  // namespace freellmapi::base
