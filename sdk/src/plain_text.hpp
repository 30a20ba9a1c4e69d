// Which text stands in a JSON string as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace freellmapi::sdk {

/// ASCII without controls, quotes and backslashes.
constexpr bool is_plain(char c) noexcept { return c >= 0x20 && c != '"' && c != '\\'; }

/// Eight bytes at once: names and numbers are short.
inline bool all_plain(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101u, highs = 0x80 * ones;
  const auto plain_word = [](std::uint64_t word) {
    // Bytes below a bound borrow their highest bit; a byte is a mark where its difference is below one.
    const auto below = [](std::uint64_t bytes, std::uint64_t bound) {
      return (bytes - bound * ones) & ~bytes;
    };
    return ((word | below(word, 0x20) | below(word ^ ('"' * ones), 1) | below(word ^ ('\\' * ones), 1)) &
            highs) == 0;
  };
  const auto load = [&](std::size_t at, auto word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    return std::uint64_t{word};
  };
  const std::size_t size = text.size();
  if (size >= 8) {
    bool plain = plain_word(load(size - 8, std::uint64_t{}));
    for (std::size_t at = 0; plain && at + 8 < size; at += 8) plain = plain_word(load(at, std::uint64_t{}));
    return plain;
  }
  if (size >= 4) return plain_word(load(0, std::uint32_t{}) | (load(size - 4, std::uint32_t{}) << 32U));
  for (const char c : text)
    if (!is_plain(c)) return false;
  return true;
}

}  // namespace freellmapi::sdk
