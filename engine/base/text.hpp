// Small text tools that several rooms need. Pure.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::base {

/// ASCII only; header names, host names.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  constexpr auto lower = [](char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}
std::string to_lower(std::string_view text);
/// Without spaces, tabs, CR and LF at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
  constexpr auto blank = [](char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The candidates nearest to `word`, best first, at most 3: edit distance (swapped neighbours count once,
/// case does not count) of at most a third of the word's length, rounded up. For "did you mean". A word over
/// 128 bytes has none.
std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Appends `text` as the inside of a JSON string (no quotes). Invalid UTF-8 becomes U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);
/// The same for readers that take more for the end of a line than others do: U+0085, U+2028 and U+2029 are
/// escaped.
void append_json_line(std::string& out, std::string_view text);
void append_json_line_escaped(std::string& out, std::string_view text);
/// True for ASCII of which nothing has to be escaped: it is the inside of a JSON string as it is.
bool stands_in_json(std::string_view text) noexcept;
/// `text` as a JSON string with its quotes.
std::string json_string(std::string_view text);

/// "00" to "99", one behind the other.
inline constexpr std::array<char, 200> two_digits = [] {
  std::array<char, 200> out{};
  for (std::size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}();
inline char* write_two_digits(char* to, std::uint32_t under_hundred) noexcept {
  std::memcpy(to, &two_digits[2 * under_hundred], 2);
  return to + 2;
}
inline char* write_three_digits(char* to, std::uint32_t under_thousand) noexcept {
  *to = static_cast<char>('0' + under_thousand / 100);
  return write_two_digits(to + 1, under_thousand % 100);
}

/// Writes a number in decimal, at most decimal_most bytes. Where it ends.
inline constexpr std::size_t decimal_most = 20;
char* write_long_decimal(char* to, std::uint64_t at_least_ten_thousand) noexcept;
inline char* write_decimal(char* to, std::uint64_t number) noexcept {
  if (number >= 10'000) return write_long_decimal(to, number);
  const auto small = static_cast<std::uint32_t>(number);
  if (small >= 1'000) return write_two_digits(write_two_digits(to, small / 100), small % 100);
  if (small >= 100) return write_three_digits(to, small);
  if (small >= 10) return write_two_digits(to, small);
  *to = static_cast<char>('0' + small);
  return to + 1;
}

/// Copies `text`. Where it ends. Most texts are too short to be worth a call to the library.
inline char* write_text(char* to, std::string_view text) noexcept {
  const auto overlapping = [&](auto word) {
    std::memcpy(&word, text.data(), sizeof word);
    auto last = word;
    std::memcpy(&last, text.data() + text.size() - sizeof word, sizeof word);
    std::memcpy(to, &word, sizeof word);
    std::memcpy(to + text.size() - sizeof word, &last, sizeof word);
  };
  if (text.size() > 16) {
    std::memcpy(to, text.data(), text.size());
  } else if (text.size() >= 8) {
    overlapping(std::uint64_t{});
  } else if (text.size() >= 4) {
    overlapping(std::uint32_t{});
  } else {
    for (std::size_t i = 0; i < text.size(); ++i) to[i] = text[i];
  }
  return to + text.size();
}
/// Appends a number in decimal.
inline void append_decimal(std::string& out, std::uint64_t number) {
  char digits[decimal_most];
  out.append(digits, static_cast<std::size_t>(write_decimal(digits, number) - digits));
}

/// %XX taken for the byte it stands for; what is no such triple stays.
std::string percent_decoded(std::string_view text);

/// Text made safe for a header value: bytes outside visible ASCII, '%', ';' and ',' are percent-encoded.
std::string header_safe(std::string_view text);
void append_header_safe(std::string& out, std::string_view text);

/// Foreign text made safe for one log line or one message: control characters, line separators and
/// bidirectional marks become \n or \u escapes, invalid UTF-8 becomes U+FFFD, and what is beyond `limit`
/// bytes of `text` is cut at a character boundary and replaced by "...".
std::string printable(std::string_view text, std::size_t limit = 200);
/// The same, appended; the ASCII characters in `backslashed` get a backslash. With "\"\\" the result is also
/// the inside of a JSON string.
void append_printable(std::string& out, std::string_view text, std::size_t limit,
                      std::string_view backslashed = {});

}  // namespace freellmapi::base
