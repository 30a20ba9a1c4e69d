// The character classes of HTTP.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <string_view>
#include <type_traits>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::net {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Looked up, for heads are made of little else.
inline constexpr std::array<bool, 256> token_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 128; ++c)
    table[c] = is_digit(static_cast<char>(c)) || is_alpha(static_cast<char>(c));
  for (const char c : std::string_view{"!#$%&'*+-.^_`|~"}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_token_byte(char c) noexcept { return token_bytes[static_cast<unsigned char>(c)]; }
/// The same byte in lower case; 0 for what stands in no token.
inline constexpr std::array<char, 256> lower_token_bytes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (token_bytes[c]) table[c] = static_cast<char>(upper ? c - 'A' + 'a' : c);
  }
  return table;
}();

/// What may stand in a field's value: no control but the tab.
constexpr bool is_field_byte(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 0x20 && u != 0x7f) || c == '\t';
}

#if defined(__SSE2__)
/// The letters among sixteen bytes.
inline __m128i letters_of(__m128i bytes) noexcept {
  // Moved so that the letters are the smallest of all signed numbers.
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i moved = _mm_sub_epi8(lower, _mm_set1_epi8(static_cast<char>(0xE1)));
  return _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
}
/// One bit for each of sixteen bytes that is a letter or '-'.
inline int are_letters_or_hyphens(__m128i bytes) noexcept {
  return _mm_movemask_epi8(_mm_or_si128(letters_of(bytes), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'))));
}
/// One bit for each of sixteen bytes that no field's value may hold.
[[gnu::always_inline]] inline unsigned no_field_bytes(__m128i bytes) noexcept {
  const __m128i blank = _mm_set1_epi8(0x20), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
  const __m128i sound =
      _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, blank), bytes), _mm_cmpeq_epi8(bytes, tab));
  const int good = _mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), sound));
  return static_cast<unsigned>(good) ^ 0xFFFFu;
}
#endif

/// field_text_end() of what follows the last whole sixteen bytes before `at`. Not where it is called: most
/// texts end before.
[[gnu::noinline]] inline std::size_t field_text_rest(std::string_view text, std::size_t at) noexcept {
#if defined(__SSE2__)
  if (at == text.size()) return at;
  if (at != 0) {  // the last sixteen, of which some have been seen
    const std::size_t begin = text.size() - 16;
    const unsigned stops =
        no_field_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + begin)));
    return stops == 0 ? text.size() : begin + static_cast<unsigned>(std::countr_zero(stops));
  }
  if (text.size() >= 8) {  // its first and its last eight
    const auto eight = [text](std::size_t begin) {
      return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(text.data() + begin));
    };
    if (no_field_bytes(_mm_unpacklo_epi64(eight(0), eight(text.size() - 8))) == 0) return text.size();
  }
#endif
  while (at < text.size() && is_field_byte(text[at])) ++at;
  return at;
}

/// Where the first byte stands that no field's value may hold; the text's size: there is none.
inline std::size_t field_text_end(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    if (const unsigned stops = no_field_bytes(bytes); stops != 0)
      return at + static_cast<unsigned>(std::countr_zero(stops));
  }
#endif
  return field_text_rest(text, at);
}

constexpr bool is_token(std::string_view text) noexcept {
#if defined(__SSE2__)
  // Nearly every name: of eight to sixteen letters and '-', looked at as its first and its last eight.
  if (!std::is_constant_evaluated() && text.size() >= 8 && text.size() <= 16 &&
      are_letters_or_hyphens(_mm_unpacklo_epi64(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(text.data())),
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(text.data() + text.size() - 8)))) == 0xFFFF)
    return true;
#endif
  for (const char c : text) {
    if (!is_token_byte(c)) return false;
  }
  return !text.empty();
}

/// Calls `use` with every element of a comma-separated list, without the space around it.
template <class Use>
void for_each_element(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (!element.empty()) use(element);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

}  // namespace freellmapi::net
