// How a Content-Length is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

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

}  // namespace freellmapi::net
