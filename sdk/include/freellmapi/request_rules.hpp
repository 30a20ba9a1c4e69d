// freellmapi/request_rules.hpp - what a request may hold that a plugin writes into a freellm_request_out. The
// host refuses by these rules and the conformance kit judges by them. All pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string_view>

namespace freellmapi::sdk::rules {

inline constexpr std::size_t most_headers = 64;
inline constexpr std::size_t longest_name = 128;   ///< of a header
inline constexpr std::size_t longest_text = 8192;  ///< a header's value, a path
inline constexpr std::size_t most_body = std::size_t{64} << 20;
inline constexpr std::size_t most_pieces = 65'536;

/// What frames a message or belongs to one connection is the host's; so is what it can decode. Ignores case.
constexpr bool is_the_hosts(std::string_view header) noexcept {
  constexpr std::string_view names[] = {"host",
                                        "content-length",
                                        "connection",
                                        "transfer-encoding",
                                        "user-agent",
                                        "accept-encoding",
                                        "upgrade",
                                        "te",
                                        "trailer",
                                        "keep-alive",
                                        "expect",
                                        "proxy-connection",
                                        "proxy-authorization",
                                        "proxy-authenticate"};
  // One bit for each of their lengths: few other names have one of those.
  constexpr std::uint32_t lengths = [&] {
    std::uint32_t bits = 0;
    for (const std::string_view name : names) bits |= std::uint32_t{1} << name.size();
    return bits;
  }();
  if (header.size() >= 32 || ((lengths >> header.size()) & 1) == 0) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) {
    if (name.size() != header.size()) return false;
    return std::equal(name.begin(), name.end(), header.begin(), header.end(),
                      [&](char known, char c) { return known == lower(c); });
  });
}

/// What a byte may stand in: one bit for each.
enum ByteUse : unsigned char { in_name = 1, in_value = 2, in_method = 4, in_path = 8 };
inline constexpr std::array<unsigned char, 256> byte_uses = [] {
  std::array<unsigned char, 256> uses{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool alphanumeric = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    if (alphanumeric || (c < 0x80 && marks.find(static_cast<char>(c)) != std::string_view::npos))
      uses[c] |= in_name;
    if ((c >= 0x20 && c != 0x7F) || c == '\t') uses[c] |= in_value;
    if (upper) uses[c] |= in_method;
    // Visible ASCII, without what begins a fragment; a brace only where it begins a place of the key.
    if (c > 0x20 && c < 0x7F && c != '#' && c != '\\' && c != '{' && c != '}') uses[c] |= in_path;
  }
  return uses;
}();
constexpr bool all_are(std::string_view text, ByteUse use) noexcept {
  unsigned all = use;
  for (const char c : text) all &= byte_uses[static_cast<unsigned char>(c)];
  return all != 0;
}

constexpr bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_name && all_are(text, in_name);
}

constexpr bool is_value(std::string_view text) noexcept {
  return text.size() <= longest_text && all_are(text, in_value);
}

constexpr bool is_method(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 16 && all_are(text, in_method);
}

/// Visible ASCII from '/' on, without a fragment; braces only where the key's places are.
constexpr bool is_path(std::string_view text) noexcept {
  if (!text.starts_with('/') || text.size() > longest_text) return false;
  for (std::size_t at = 0; at < text.size();) {
    if ((byte_uses[static_cast<unsigned char>(text[at])] & in_path) != 0) {
      ++at;
      continue;
    }
    const std::string_view place = text.substr(at);
    const bool part = place.starts_with("{key:1}") || place.starts_with("{key:2}");
    if (!part && !place.starts_with("{key}")) return false;
    at += part ? 7 : 5;
  }
  return true;
}

inline bool lies_inside(std::string_view piece, std::string_view whole) noexcept {
  const std::less_equal<const char*> at_most;  // < on foreign pointers is not defined
  return !piece.empty() && !whole.empty() && at_most(whole.data(), piece.data()) &&
         at_most(piece.data() + piece.size(), whole.data() + whole.size());
}

}  // namespace freellmapi::sdk::rules
