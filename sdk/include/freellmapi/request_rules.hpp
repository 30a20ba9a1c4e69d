// freellmapi/request_rules.hpp - what a request may hold that a plugin writes into a freellm_request_out. The
// host refuses by these rules and the conformance kit judges by them. All pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
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
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) {
    if (name.size() != header.size()) return false;
    return std::equal(name.begin(), name.end(), header.begin(), header.end(),
                      [&](char known, char c) { return known == lower(c); });
  });
}

constexpr bool is_name(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+.^_`|~";
  return !text.empty() && text.size() <= longest_name &&
         std::all_of(text.begin(), text.end(), [marks](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                  marks.find(c) != std::string_view::npos;
         });
}

constexpr bool is_value(std::string_view text) noexcept {
  return text.size() <= longest_text && std::all_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte >= 0x20 && byte != 0x7F) || c == '\t';
         });
}

constexpr bool is_method(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Visible ASCII from '/' on, without a fragment; braces only where the key's places are.
constexpr bool is_path(std::string_view text) noexcept {
  if (!text.starts_with('/') || text.size() > longest_text) return false;
  while (!text.empty()) {
    const char c = text.front();
    if (c <= ' ' || c >= 0x7F || c == '#' || c == '\\' || c == '}') return false;
    std::size_t step = 1;
    if (c == '{') {
      const bool part = text.starts_with("{key:1}") || text.starts_with("{key:2}");
      if (!part && !text.starts_with("{key}")) return false;
      step = part ? 7 : 5;
    }
    text.remove_prefix(step);
  }
  return true;
}

inline bool lies_inside(std::string_view piece, std::string_view whole) noexcept {
  const std::less_equal<const char*> at_most;  // < on foreign pointers is not defined
  return !piece.empty() && !whole.empty() && at_most(whole.data(), piece.data()) &&
         at_most(piece.data() + piece.size(), whole.data() + whole.size());
}

}  // namespace freellmapi::sdk::rules
