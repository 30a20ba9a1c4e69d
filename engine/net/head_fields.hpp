// How the fields are read that frame a message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "net/grammar.hpp"

namespace freellmapi::net {

/// One run of digits that fits: no sign, no list, no space, no hexadecimal.
inline std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

/// Of a Connection field's value.
inline bool says_close(std::string_view connection) noexcept {
  bool close = false;
  for_each_element(connection, [&](std::string_view token) {
    close = close || base::equal_ignoring_case(token, "close");
  });
  return close;
}

}  // namespace freellmapi::net
