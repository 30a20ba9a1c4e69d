#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace freellmapi::base {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::size_t longest_word = 128;

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr unsigned char byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<unsigned char>(text[i]);
}

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;  // bytes to pass over
  bool valid = false;
};

// Decodes one code point of a non-empty text. What is invalid is passed over as far as it could have been one
// character (the "maximal subpart" of the Unicode standard), so each fault gives one replacement.
CodePoint decode(std::string_view text) noexcept {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return {first, 1, true};
  std::size_t length = 0;
  std::uint32_t value = 0;
  unsigned char low = 0x80, high = 0xBF;  // what the second byte may be
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
    value = first & 0x1Fu;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    value = first & 0x0Fu;
    if (first == 0xE0) low = 0xA0;   // overlong
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    value = first & 0x07u;
    if (first == 0xF0) low = 0x90;   // overlong
    if (first == 0xF4) high = 0x8F;  // beyond U+10FFFF
  } else {
    return {};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte_at(text, i) < low || byte_at(text, i) > high) return {0, i, false};
    value = (value << 6) | (byte_at(text, i) & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return {value, length, true};
}

void append_u_escape(std::string& out, std::uint32_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(value >> shift) & 0xFu];
}

void append_control(std::string& out, std::uint32_t value) {
  switch (value) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_u_escape(out, value);
  }
}

// C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width no-break space.
constexpr bool breaks_a_line(std::uint32_t c) noexcept {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0x061C || c == 0x200E ||
         c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

// A control, a quote, a backslash or not ASCII. As signed numbers, controls and what is not ASCII are below
// 0x21, and so is the quote when its second bit is turned over, which leaves the controls among themselves.
constexpr bool is_special(char c) noexcept { return static_cast<signed char>(c ^ 2) < 0x21 || c == '\\'; }

#if defined(__x86_64__)
// A bit for each byte.
unsigned special_bytes(__m128i bytes) noexcept {
  const __m128i low = _mm_subs_epi8(_mm_xor_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8(0x21));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')))));
}

// How many bytes, 64 at a time, come before those among which one is special.
[[gnu::target("avx2")]] std::size_t plain_blocks(const char* text, std::size_t size) noexcept {
  constexpr std::size_t half = sizeof(__m256i), block = 2 * half;
  const __m256i two = _mm256_set1_epi8(2), above = _mm256_set1_epi8(0x21), slash = _mm256_set1_epi8('\\');
  std::size_t at = 0;
  for (; at + block <= size; at += block) {
    const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at + half));
    const __m256i low = _mm256_or_si256(_mm256_subs_epi8(_mm256_xor_si256(first, two), above),
                                        _mm256_subs_epi8(_mm256_xor_si256(second, two), above));
    const __m256i slashes =
        _mm256_or_si256(_mm256_cmpeq_epi8(first, slash), _mm256_cmpeq_epi8(second, slash));
    if (_mm256_movemask_epi8(_mm256_or_si256(low, slashes)) != 0) break;
  }
  return at;
}
const bool has_blocks = __builtin_cpu_supports("avx2");
#endif

// From `at` to the first byte that is a control, a quote, a backslash or not ASCII.
std::size_t plain_run(std::string_view text, std::size_t at) noexcept {
#if defined(__x86_64__)
  constexpr std::size_t step = sizeof(__m128i), half = step / 2;
  const auto load = [&text](std::size_t from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
  };
  const auto first = [](unsigned stops) { return static_cast<unsigned>(std::countr_zero(stops)); };
  if (has_blocks && text.size() - at >= 4 * step) at += plain_blocks(text.data() + at, text.size() - at);
  for (; at + step <= text.size(); at += step)
    if (const unsigned stops = special_bytes(load(at)); stops != 0) return at + first(stops);
  // What is left is looked at together with bytes that have been, or in two halves that may overlap.
  const std::size_t left = text.size() - at;
  if (left != 0 && text.size() >= step) {
    const unsigned stops = special_bytes(load(text.size() - step)) >> (step - left);
    return stops != 0 ? at + first(stops) : text.size();
  }
  if (left >= half) {
    const auto load_half = [&text](std::size_t from) {
      return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(text.data() + from));
    };
    const unsigned stops = special_bytes(_mm_unpacklo_epi64(load_half(at), load_half(text.size() - half)));
    if (stops == 0) return text.size();
    return first(stops) < half ? at + first(stops) : text.size() + first(stops) - step;
  }
#endif
  while (at < text.size() && !is_special(text[at])) ++at;
  return at;
}

// `one_line`: what some readers take for the end of a line is escaped too.
template <bool one_line>
void append_escaped(std::string& out, std::string_view text) {
  std::size_t plain = 0, i = 0;  // text[plain, i) waits to be copied in one piece
  const auto copy_plain = [&] { out.append(text, plain, i - plain); };
  for (;;) {
    i = plain_run(text, i);
    if (i == text.size()) break;
    const unsigned char c = byte_at(text, i);
    if (c >= 0x80) {
      const CodePoint point = decode(text.substr(i));
      const bool ends = one_line && (point.value == 0x85 || point.value == 0x2028 || point.value == 0x2029);
      if (!point.valid || ends) {
        copy_plain();
        if (point.valid) {
          append_u_escape(out, point.value);
        } else {
          out += replacement;
        }
        plain = i + point.length;
      }
      i += point.length;
      continue;
    }
    copy_plain();
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else {
      append_control(out, c);
    }
    plain = ++i;
  }
  copy_plain();
}

// Optimal string alignment distance. Three rows of at most longest_word + 1 cells.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, longest_word + 1>, 3> rows{};
  auto *before = &rows[0], *previous = &rows[1], *current = &rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) (*previous)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*current)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = lower(a[i - 1]), y = lower(b[j - 1]);
      std::size_t best =
          std::min({(*previous)[j] + 1, (*current)[j - 1] + 1, (*previous)[j - 1] + (x == y ? 0u : 1u)});
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
        best = std::min(best, (*before)[j - 2] + 1);
      (*current)[j] = best;
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return (*previous)[b.size()];
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = lower(c);
  return result;
}

std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t most = 3;
  if (word.empty() || word.size() > longest_word) return {};
  const std::size_t allowed = (word.size() + 2) / 3;
  std::vector<std::pair<std::size_t, const std::string*>> found;
  for (const std::string& candidate : candidates) {
    const std::size_t shorter = std::min(candidate.size(), word.size());
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - shorter > allowed || longer > longest_word) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= allowed) found.emplace_back(distance, &candidate);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> result;
  for (const auto& [distance, candidate] : found) {
    if (result.size() == most) break;
    if (std::find(result.begin(), result.end(), *candidate) == result.end()) result.push_back(*candidate);
  }
  return result;
}

char* write_long_decimal(char* to, std::uint64_t number) noexcept {
  to = write_decimal(to, number / 10'000);
  const auto four = static_cast<std::uint32_t>(number % 10'000);
  return write_two_digits(write_two_digits(to, four / 100), four % 100);
}

void append_json_escaped(std::string& out, std::string_view text) { append_escaped<false>(out, text); }

void append_json_line_escaped(std::string& out, std::string_view text) { append_escaped<true>(out, text); }

bool stands_in_json(std::string_view text) noexcept { return plain_run(text, 0) == text.size(); }

void append_json_line(std::string& out, std::string_view text) {
  out += '"';
  append_escaped<true>(out, text);
  out += '"';
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_printable(std::string& out, std::string_view text, std::size_t limit,
                      std::string_view backslashed) {
  const auto is_plain = [backslashed](char c) {
    if (c < 0x20 || c >= 0x7F) return false;
    for (const char one : backslashed)
      if (c == one) return false;
    return true;
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    while (i < text.size() && i < limit && is_plain(text[i])) ++i;
    out.append(text, begin, i - begin);
    if (i == text.size()) return;
    const CodePoint point = decode(text.substr(i));
    if (i + point.length > limit) {
      out += "...";
      return;
    }
    if (!point.valid) {
      out += replacement;
    } else if (breaks_a_line(point.value)) {
      append_control(out, point.value);
    } else {
      if (point.length == 1 && backslashed.find(text[i]) != std::string_view::npos) out += '\\';
      out.append(text, i, point.length);
    }
    i += point.length;
  }
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (text.size() <= limit && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string result;
  append_printable(result, text, limit);
  return result;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void append_header_safe(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  const auto is_safe = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '%' &&
           c != ';' && c != ',';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t begin = i;
    while (i < text.size() && is_safe(text[i])) ++i;
    out.append(text, begin, i - begin);
    if (i == text.size()) return;
    const auto byte = static_cast<unsigned char>(text[i]);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
}

std::string header_safe(std::string_view text) {
  std::string out;
  append_header_safe(out, text);
  return out;
}

}  // namespace freellmapi::base
