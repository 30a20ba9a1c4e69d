// Names of members that are known when the program is compiled.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace freellmapi::chat {

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
  std::size_t find(std::string_view name) const noexcept {
    if (name.empty()) return count;
    const Slot& slot = slots_[slot_of(name)];
    return slot.name == name ? slot.place : count;
  }

 private:
  struct Slot {
    std::string_view name;
    std::size_t place = count;
  };
  static constexpr std::size_t slot_count = std::bit_ceil(count) * 4;

  constexpr std::size_t slot_of(std::string_view name) const noexcept {
    const auto byte = [name](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])}; };
    const std::uint32_t key = (static_cast<std::uint32_t>(name.size()) ^ byte(0) << 8) ^
                              (byte(name.size() / 2) << 16 ^ byte(name.size() - 1) << 24);
    return key * factor_ >> (32 - std::bit_width(slot_count - 1));
  }
  consteval bool place(const std::array<std::string_view, count>& names) {
    slots_ = {};
    for (std::size_t i = 0; i < count; ++i) {
      Slot& slot = slots_[slot_of(names[i])];
      if (slot.place != count) return false;
      slot = {names[i], i};
    }
    return true;
  }

  std::uint32_t factor_ = 0x9E37'79B1;
  std::array<Slot, slot_count> slots_{};
};

}  // namespace freellmapi::chat
