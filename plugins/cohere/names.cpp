#include "names.hpp"

namespace freellmapi::cohere {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool hexadecimal(char c) noexcept { return digits.find(c) != digits.npos; }

/// Begins like something told_name() writes.
bool like_escape(std::string_view text) noexcept {
  return text.size() >= 4 && text.starts_with("_x") && hexadecimal(text[2]) && hexadecimal(text[3]);
}

}  // namespace

std::string told_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool plain = letter(c) || (digit(c) && i > 0) || (c == '_' && !like_escape(name.substr(i)));
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "_x";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
    out += '_';
  }
  return out;
}

std::string client_name(std::string_view told) {
  std::string out;
  for (std::size_t i = 0; i < told.size();) {
    const std::string_view rest = told.substr(i);
    if (rest.size() >= 5 && like_escape(rest) && rest[4] == '_') {
      out += static_cast<char>(digits.find(rest[2]) * 16 + digits.find(rest[3]));
      i += 5;
    } else {
      out += rest.front();
      ++i;
    }
  }
  return out;
}

}  // namespace freellmapi::cohere
