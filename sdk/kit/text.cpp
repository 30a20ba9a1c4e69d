#include "kit/text.hpp"

#include <cstdint>

namespace freellmapi::kit {

std::string printable(std::string_view s, std::size_t most) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : s.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return s.size() > most ? out + "..." : out;
}

std::string replaced(std::string_view s, std::string_view what, std::string_view with) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = s.find(what); hit != s.npos; hit = s.find(what, at)) {
    out.append(s.substr(at, hit - at)).append(with);
    at = hit + what.size();
  }
  return out.append(s.substr(at));
}

bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto first = static_cast<unsigned char>(s[i]);
    const std::size_t more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || i + more >= s.size()) return false;
    std::uint32_t code = more == 0 ? first : first & (0x3Fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(s[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3Fu);
    }
    const bool short_form = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (short_form || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace freellmapi::kit
