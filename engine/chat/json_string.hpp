// The inside of a JSON string: where it ends, what stands in it, what it means.
#pragma once

#include <bit>
#include <cstddef>
#include <string>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::chat {

/// A string as it stands between its quotes.
struct JsonText {
  std::string_view raw;
  bool escaped = false;  ///< holds a backslash
  std::size_t wide = 0;  ///< bytes >= 0x80 and bytes of \u escapes

  /// The string itself, as UTF-8.
  std::string unescaped() const;
  /// The same, in the place of what `out` holds.
  void assign_to(std::string& out) const {
    if (escaped) {
      out = unescaped();
    } else {
      out.assign(raw);
    }
  }
  /// Costs as much as `text` is long, however long the string is.
  bool is(std::string_view text) const {
    if (!escaped) return raw == text;
    // The shortest escape is \u0041, six bytes for one.
    return raw.size() > text.size() && raw.size() <= 6 * text.size() && unescaped() == text;
  }
};

/// The quote that ends a string of which `at` is the inside, when it stands within sixteen bytes and nothing
/// but plain ASCII before it; else `at` itself. Most strings of a request are names.
inline std::size_t short_end(const char* text, std::size_t size, std::size_t at) noexcept {
#if defined(__SSE2__)
  if (at + 16 > size) return at;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
  // Signed, controls and what is not ASCII are below 0x21, and so is the quote when its second bit is turned
  // over, which leaves the controls among themselves. The highest bit tells.
  const __m128i special =
      _mm_or_si128(_mm_subs_epi8(_mm_xor_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8(0x21)),
                   _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  const auto stops = static_cast<unsigned>(_mm_movemask_epi8(special));
  const std::size_t stop = at + static_cast<unsigned>(std::countr_zero(stops | 0x8000U));
  return text[stop] == '"' ? stop : at;
#else
  static_cast<void>(text), static_cast<void>(size);
  return at;
#endif
}

/// What string_end() has seen in a string that ends as it should.
struct StringSeen {
  bool escaped = false;  ///< a backslash
  bool high = false;     ///< bytes >= 0x80
  std::size_t wide = 0;  ///< as in JsonText
};

/// The place of the quote that closes a string whose inside begins at `at`, or of the first thing that may
/// not stand there: a control character, the backslash of what is no escape, the end of the text. Half a
/// surrogate pair is replaced in place by \ufffd. Does not judge UTF-8.
std::size_t string_end(char* text, std::size_t size, std::size_t at, StringSeen& seen) noexcept;
/// The same on any processor. string_end() itself looks at more bytes at a time where it can.
std::size_t string_end_anywhere(char* text, std::size_t size, std::size_t at, StringSeen& seen) noexcept;

/// Where the first byte of `text` stands that is not UTF-8; npos when all of it is.
std::size_t first_not_utf8(std::string_view text) noexcept;

}  // namespace freellmapi::chat
