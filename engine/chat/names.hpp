// Names of members that are known when the program is compiled.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace freellmapi::chat {

/// What tells most names apart: the size and three of the bytes.
constexpr std::uint32_t key_of(std::string_view name) noexcept {
  if (name.empty()) return 0;
  const auto byte = [name](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])}; };
  return (static_cast<std::uint32_t>(name.size()) ^ byte(0) << 8U) ^
         (byte(name.size() / 2) << 16U ^ byte(name.size() - 1) << 24U);
}

/// Finds a name with one look into a table, in which each has a slot of its own, and one comparison. Made
/// when the program is compiled; names that differ in nothing a slot is chosen by do not compile.
template <std::size_t count>
class Names {
 public:
  explicit consteval Names(const std::array<std::string_view, count>& names) {
    for (std::uint32_t tries = 0; !place(names); ++tries) {
      if (tries == 1'000) throw std::logic_error("no slots without a collision");
      factor_ = factor_ * 1'664'525U + 1'013'904'223U;
    }
  }

  /// The place of `name` among them; `count` when it is none of them.
  std::size_t find(std::string_view name, std::uint32_t key) const noexcept {
    const Slot& slot = slots_[slot_of(key)];
    return slot.name.size() == name.size() && same(slot.name.data(), name.data(), name.size()) ? slot.place
                                                                                               : count;
  }
  std::size_t find(std::string_view name) const noexcept { return find(name, key_of(name)); }

 private:
  struct Slot {
    std::string_view name;
    std::size_t place = count;
  };
  static constexpr std::size_t slot_count = std::bit_ceil(count) * 4;

  // Names are short: two words that may overlap hold most of them.
  static bool same(const char* a, const char* b, std::size_t size) noexcept {
    const auto differ = [a, b]<class Word>(std::size_t at, Word) {
      Word one = 0, other = 0;
      std::memcpy(&one, a + at, sizeof one);
      std::memcpy(&other, b + at, sizeof other);
      return static_cast<Word>(one ^ other);
    };
    if (size > 2 * sizeof(std::uint64_t) || size < sizeof(std::uint32_t)) return std::memcmp(a, b, size) == 0;
    if (size >= sizeof(std::uint64_t))
      return (differ(0, std::uint64_t{}) | differ(size - sizeof(std::uint64_t), std::uint64_t{})) == 0;
    return (differ(0, std::uint32_t{}) | differ(size - sizeof(std::uint32_t), std::uint32_t{})) == 0;
  }
  constexpr std::size_t slot_of(std::uint32_t key) const noexcept {
    return key * factor_ >> (32 - std::bit_width(slot_count - 1));
  }
  consteval bool place(const std::array<std::string_view, count>& names) {
    slots_ = {};
    for (std::size_t i = 0; i < count; ++i) {
      Slot& slot = slots_[slot_of(key_of(names[i]))];
      if (slot.place != count) return false;
      slot = {names[i], i};
    }
    return true;
  }

  std::uint32_t factor_ = 0x9E37'79B1;
  std::array<Slot, slot_count> slots_{};
};

}  // namespace freellmapi::chat
