// Reads JSON text member by member where it lies.
#pragma once

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

/// A walk over JSON text. Every method is false, or nothing is found, where the text is not what is asked
/// for: the walk has then failed as a whole.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

  char peek() noexcept {
    if (at_ == end_ || *at_ <= ' ') [[unlikely]]
      skip_blanks();
    return at_ != end_ ? *at_ : '\0';
  }
  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c) [[unlikely]]
      if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view word) noexcept {
    if (!std::string_view(at_, left()).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool at_end() noexcept { return peek() == '\0' && at_ == end_; }

  /// A string, as it is written between its quotes.
  [[gnu::always_inline]] inline bool string(std::string_view& raw, bool& escaped) noexcept {
    if (!take('"')) return false;
    escaped = false;
#if defined(__SSE2__)
    // Most are names, or not much longer.
    if (left() >= 16) {
      const unsigned stop = first_special(at_);
      if (stop < 16 && at_[stop] == '"') {
        raw = {at_, stop};
        at_ += stop + 1;
        return true;
      }
    }
#endif
    return long_string(raw, escaped);
  }

  /// A name without escapes, and its colon.
  [[gnu::always_inline]] inline bool name(std::string_view& name) noexcept {
#if defined(__SSE2__)
    if (left() >= 19 && *at_ == '"') [[likely]] {
      const unsigned stop = first_special(at_ + 1);
      if (stop < 16 && at_[stop + 1] == '"' && at_[stop + 2] == ':') {
        name = {at_ + 1, stop};
        at_ += stop + 3;
        return true;
      }
    }
#endif
    bool escaped = false;
    return string(name, escaped) && !escaped && take(':');
  }
  bool skip_number() noexcept {
    const char* at = at_;
    const auto digits = [&at, end = end_] {
      const char* const first = at;
      while (at != end && digit(*at)) ++at;
      return at - first;
    };
    if (at != end_ && *at == '-') ++at;
    const char* const first = at;
    if (const auto count = digits(); count == 0 || (count > 1 && *first == '0')) return false;
    if (at != end_ && *at == '.') {
      ++at;
      if (digits() == 0) return false;
    }
    if (at != end_ && (*at == 'e' || *at == 'E')) {
      ++at;
      if (at != end_ && (*at == '+' || *at == '-')) ++at;
      if (digits() == 0) return false;
    }
    at_ = at;
    return true;
  }
  /// A number of at most twelve digits and nothing else.
  bool count(std::uint64_t& out) noexcept {
    constexpr std::ptrdiff_t most_digits = 12;
    peek();
    const char* at = at_;
    std::uint64_t sum = 0;
    for (; at != end_ && digit(*at) && at - at_ <= most_digits; ++at)
      sum = sum * 10 + static_cast<std::uint64_t>(*at - '0');
    const std::ptrdiff_t digits = at - at_;
    if (digits == 0 || digits > most_digits || (digits > 1 && *at_ == '0')) return false;
    if (at != end_ && (*at == '.' || *at == 'e' || *at == 'E')) return false;
    at_ = at;
    out = sum;
    return true;
  }
  /// A value of which nothing is wanted: no object, and no array that holds something.
  bool skip() noexcept {
    std::string_view raw;
    bool ignored = false;
    switch (peek()) {
      case '"':
        return string(raw, ignored);
      case '[':
        ++at_;
        return take(']');
      case 'n':
        return word("null");
      case 't':
        return word("true");
      case 'f':
        return word("false");
      default:
        return skip_number();
    }
  }
  /// Behind a member: true and `more` where another follows, true and not `more` behind the last.
  bool next(bool& more) noexcept {
    const char c = at_ != end_ && *at_ > ' ' ? *at_ : peek();
    more = c == ',';
    if (!more && c != '}') return false;
    ++at_;
    return true;
  }

 private:
  static constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[gnu::noinline]] void skip_blanks() noexcept {
    while (at_ != end_ && blank(*at_)) ++at_;
  }

#if defined(__SSE2__)
  // Those of the sixteen bytes at `at` that simply stand in a string.
  static __m128i plain_of(const char* at) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // As signed numbers controls and what is not ASCII are both below the blank; with this bit turned over
    // in all of them the quote stands in the blank's place.
    const __m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8('"' ^ ' '));
    return _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')),
                            _mm_cmpgt_epi8(turned, _mm_set1_epi8(' ')));
  }
  // Sixty-four bytes that all do.
  static bool plain_run(const char* at) noexcept {
    return _mm_movemask_epi8(_mm_and_si128(_mm_and_si128(plain_of(at), plain_of(at + 16)),
                                           _mm_and_si128(plain_of(at + 32), plain_of(at + 48)))) == 0xFFFF;
  }
  // Which of the sixteen is the first that does not; 16: none.
  static unsigned first_special(const char* at) noexcept {
    return static_cast<unsigned>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(plain_of(at)))));
  }
#endif
  [[gnu::noinline]] bool long_string(std::string_view& raw, bool& escaped) noexcept {
    const char* const begin = at_;
    skip_plain();
    if ((at_ == end_ || *at_ != '"') && !odd_string(escaped)) return false;
    raw = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  // To the closing quote of a string with escapes, or more than ASCII.
  [[gnu::noinline]] bool odd_string(bool& escaped) noexcept {
    for (; at_ != end_; skip_plain()) {
      if (*at_ == '"') return true;
      if (*at_ == '\\') {
        escaped = true;
        if (!escape()) return false;
      } else {
        const std::size_t length = static_cast<unsigned char>(*at_) < 0x80 ? 0 : utf8_length({at_, left()});
        if (length == 0) return false;  // a control, or no UTF-8
        at_ += length;
      }
    }
    return false;
  }
  void skip_plain() noexcept {
    const char* at = at_;
#if defined(__SSE2__)
    while (end_ - at >= 16) {
      const unsigned stop = first_special(at);
      at += stop;
      if (stop < 16) {
        at_ = at;
        return;
      }
      while (end_ - at >= 64 && plain_run(at)) at += 64;
    }
#endif
    while (at != end_ && is_plain(*at)) ++at;
    at_ = at;
  }
  bool escape() noexcept {
    if (left() < 2) return false;
    if (at_[1] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(at_[1]) == std::string_view::npos) return false;
      at_ += 2;
      return true;
    }
    const auto unit_here = [this] { return code_unit({at_, left()}, 0); };
    const int unit = unit_here();
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
    at_ += 6;
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    const int low = unit_here();
    if (low < 0xDC00 || low > 0xDFFF) return false;
    at_ += 6;
    return true;
  }

  const char* at_;
  const char* const end_;
};

}  // namespace freellmapi::sdk
