// Reads JSON text member by member where it lies.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "plain_text.hpp"
#include "utf8.hpp"

namespace freellmapi::sdk {

/// Steps over one JSON text. A step takes where it stands and gives where it stands then; null where the text
/// is not what is asked for: the walk has then failed as a whole. Where it stands is an argument and not a
/// member, so that it stays in a register from the first byte to the last.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) noexcept : begin_(text.data()), end_(begin_ + text.size()) {}

  const char* begin() const noexcept { return begin_; }
  /// The first byte from `at` on that is no blank, with `at` then at it; NUL where there is none.
  char peek(const char*& at) const noexcept {
    if (at == end_ || *at <= ' ') [[unlikely]]
      at = behind_blanks(at);
    return at != end_ ? *at : '\0';
  }
  bool at_end(const char* at) const noexcept { return behind_blanks(at) == end_; }

  const char* word(const char* at, std::string_view word) const noexcept {
    return std::string_view(at, left(at)).starts_with(word) ? at + word.size() : nullptr;
  }
  /// A string, as it is written between its quotes.
  [[gnu::always_inline]] inline const char* string(const char* at, std::string_view& raw,
                                                   bool& escaped) const noexcept {
    if (peek(at) != '"') return nullptr;
    ++at;
    escaped = false;
#if defined(__SSE2__)
    // Most are names, or not much longer.
    if (left(at) > 16) [[likely]] {
      const unsigned stop = first_special(at);
      if (at[stop] == '"') {
        raw = {at, stop};
        return at + stop + 1;
      }
      return long_string(at, at + stop, raw, escaped);
    }
#endif
    return long_string(at, at, raw, escaped);
  }
  /// A name without escapes, and its colon.
  [[gnu::always_inline]] inline const char* name(const char* at, std::string_view& name) const noexcept {
#if defined(__SSE2__)
    if (left(at) > 34 && *at == '"') [[likely]] {
      unsigned stop = first_special(at + 1);
      if (stop == 16) stop += first_special(at + 17);
      if (at[stop + 1] == '"' && at[stop + 2] == ':') [[likely]] {
        name = {at + 1, stop};
        return at + stop + 3;
      }
    }
#endif
    std::string_view other;
    at = odd_name(at, other);
    name = other;
    return at;
  }
  /// A number of at most twelve digits and nothing else.
  const char* count(const char* at, std::uint64_t& out) const noexcept {
    constexpr std::ptrdiff_t most_digits = 12;
    const char* const most = at + std::min(end_ - at, most_digits);
    const char* const first = at;
    std::uint64_t sum = 0;
    for (; at != most && digit(*at); ++at) sum = sum * 10 + static_cast<std::uint64_t>(*at - '0');
    if (at == first || (at - first > 1 && *first == '0')) return nullptr;
    if (at != end_ && (digit(*at) || *at == '.' || *at == 'e' || *at == 'E')) return nullptr;
    out = sum;
    return at;
  }
  /// A value of which nothing is wanted: no object, and no array that holds something.
  const char* skip(const char* at) const noexcept {
    std::string_view raw;
    bool ignored = false;
    switch (peek(at)) {
      case '"':
        return string(at, raw, ignored);
      case '[':
        return peek(++at) == ']' ? at + 1 : nullptr;
      case 'n':
        return word(at, "null");
      case 't':
        return word(at, "true");
      case 'f':
        return word(at, "false");
      default:
        return number(at);
    }
  }

 private:
  static constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
  std::size_t left(const char* at) const noexcept { return static_cast<std::size_t>(end_ - at); }
  [[gnu::noinline]] const char* behind_blanks(const char* at) const noexcept {
    while (at != end_ && blank(*at)) ++at;
    return at;
  }

#if defined(__SSE2__)
  static __m128i load(const char* at) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  }
  // Those of the sixteen bytes at `at` that simply stand in a string.
  static __m128i plain(const char* at) noexcept {
    const __m128i bytes = load(at);
    // As signed numbers controls and what is not ASCII are both below the blank; with this bit turned over
    // in all of them the quote stands in the blank's place.
    const __m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8('"' ^ ' '));
    return _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')),
                            _mm_cmpgt_epi8(turned, _mm_set1_epi8(' ')));
  }
  static unsigned mask_of(__m128i bytes) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
  // How many of the lowest `most` bits are ones, before the first that is none.
  static unsigned ones_of(unsigned mask, unsigned most) noexcept {
    return static_cast<unsigned>(std::countr_zero(~mask | 1U << most));
  }
  // Which of the sixteen is the first that does not; 16: none.
  static unsigned first_special(const char* at) noexcept { return ones_of(mask_of(plain(at)), 16); }
  // Sixty-four bytes that all do.
  static bool plain_run(const char* at) noexcept {
    return mask_of(_mm_and_si128(_mm_and_si128(plain(at), plain(at + 16)),
                                 _mm_and_si128(plain(at + 32), plain(at + 48)))) == 0xFFFF;
  }
#endif
  const char* behind_plain(const char* at) const noexcept {
#if defined(__SSE2__)
    while (left(at) >= 64 && plain_run(at)) at += 64;
    while (left(at) >= 16) {
      const unsigned stop = first_special(at);
      at += stop;
      if (stop < 16) return at;
    }
    // The last of the text, together with what stands before it.
    if (left(begin_) >= 16) {
      const auto rest = static_cast<unsigned>(left(at));
      return at + ones_of(mask_of(plain(end_ - 16)) >> (16 - rest), rest);
    }
#endif
    while (at != end_ && is_plain(*at)) ++at;
    return at;
  }
  const char* digits(const char* at) const noexcept {
#if defined(__SSE2__)
    if (left(at) >= 16) {
      const __m128i values = _mm_sub_epi8(load(at), _mm_set1_epi8('0'));
      const __m128i small = _mm_cmpeq_epi8(_mm_subs_epu8(values, _mm_set1_epi8(9)), _mm_setzero_si128());
      const unsigned stop = ones_of(mask_of(small), 16);
      at += stop;
      if (stop < 16) return at;
    }
#endif
    while (at != end_ && digit(*at)) ++at;
    return at;
  }
  const char* number(const char* at) const noexcept {
    if (at != end_ && *at == '-') ++at;
    const char* behind = digits(at);
    if (behind == at || (behind - at > 1 && *at == '0')) return nullptr;
    if (behind != end_ && *behind == '.') {
      at = behind + 1;
      behind = digits(at);
      if (behind == at) return nullptr;
    }
    if (behind != end_ && (*behind == 'e' || *behind == 'E')) {
      at = behind + 1;
      if (at != end_ && (*at == '+' || *at == '-')) ++at;
      behind = digits(at);
      if (behind == at) return nullptr;
    }
    return behind;
  }
  [[gnu::noinline]] const char* odd_name(const char* at, std::string_view& name) const noexcept {
    bool escaped = false;
    at = string(at, name, escaped);
    return at != nullptr && !escaped && peek(at) == ':' ? at + 1 : nullptr;
  }
  // Behind the opening quote; what stands before `known` is plain.
  [[gnu::noinline]] const char* long_string(const char* at, const char* known, std::string_view& raw,
                                            bool& escaped) const noexcept {
    const char* behind = behind_plain(known);
    if (behind == end_ || *behind != '"') {
      behind = odd_string(behind, escaped);
      if (behind == nullptr) return nullptr;
    }
    raw = {at, static_cast<std::size_t>(behind - at)};
    return behind + 1;
  }
  // To the closing quote of a string with escapes, or more than ASCII.
  [[gnu::noinline]] const char* odd_string(const char* at, bool& escaped) const noexcept {
    for (; at != end_; at = behind_plain(at)) {
      if (*at == '"') return at;
      if (*at == '\\') {
        escaped = true;
        at = escape(at);
        if (at == nullptr) return nullptr;
      } else {
        const std::size_t length = static_cast<unsigned char>(*at) < 0x80 ? 0 : utf8_length({at, left(at)});
        if (length == 0) return nullptr;  // a control, or no UTF-8
        at += length;
      }
    }
    return nullptr;
  }
  const char* escape(const char* at) const noexcept {
    if (left(at) < 2) return nullptr;
    if (at[1] != 'u')
      return std::string_view("\"\\/bfnrt").find(at[1]) != std::string_view::npos ? at + 2 : nullptr;
    const int unit = code_unit({at, left(at)}, 0);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return nullptr;
    at += 6;
    if (unit < 0xD800 || unit > 0xDBFF) return at;
    const int low = code_unit({at, left(at)}, 0);
    return low >= 0xDC00 && low <= 0xDFFF ? at + 6 : nullptr;
  }

  const char* const begin_;
  const char* const end_;
};

}  // namespace freellmapi::sdk
