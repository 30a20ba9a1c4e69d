#include "chat/json_string.hpp"

#include <simdjson.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace freellmapi::chat {

namespace {

// What may follow a backslash, beside u.
constexpr std::array<bool, 256> escapable = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// The value of a hexadecimal digit, or -1.
constexpr std::array<std::int8_t, 256> hex_values = [] {
  std::array<std::int8_t, 256> table{};
  for (std::int8_t& value : table) value = -1;
  for (std::int8_t i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = i;
  for (std::int8_t i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = table[static_cast<std::size_t>('A' + i)] =
        static_cast<std::int8_t>(10 + i);
  }
  return table;
}();

// Four hexadecimal digits, or something negative.
int hex4(const char* text) noexcept {
  const auto digit = [text](std::size_t i) -> int { return hex_values[static_cast<unsigned char>(text[i])]; };
  return digit(0) * 4096 | digit(1) * 256 | digit(2) * 16 | digit(3);
}

constexpr bool is_high(int unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low(int unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// Judges the \u escape at `at`, which half of a pair does not survive. Its length, or the pair's; 0: none.
[[gnu::always_inline]] inline std::size_t unicode_escape(char* text, std::size_t size,
                                                         std::size_t at) noexcept {
  constexpr std::size_t single = 6, both = 12;
  const int unit = size - at >= single ? hex4(text + at + 2) : -1;
  if (unit < 0) return 0;
  if ((unit & 0xF800) != 0xD800) return single;
  const bool pair = is_high(unit) && size - at >= both && text[at + 6] == '\\' && text[at + 7] == 'u' &&
                    is_low(hex4(text + at + 8));
  if (pair) return both;
  std::memcpy(text + at + 2, "fffd", 4);
  return single;
}

// From `at` to the first quote, backslash or control character (or the end); `wide` grows by the bytes >=
// 0x80.
std::size_t plain_run(std::string_view text, std::size_t at, std::size_t& wide) noexcept {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i small = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
    const __m128i special =
        _mm_or_si128(small, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)));
    const auto stop = static_cast<unsigned>(_mm_movemask_epi8(special));
    const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes));
    if (stop != 0) {
      const auto before = static_cast<unsigned>(std::countr_zero(stop));
      // Asked first: without the processor's instruction a population count is a call.
      if (const unsigned set = high & ((1u << before) - 1u); set != 0)
        wide += static_cast<unsigned>(std::popcount(set));
      return at + before;
    }
    if (high != 0) wide += static_cast<unsigned>(std::popcount(high));
  }
#endif
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '"' || c == '\\' || c < 0x20) break;
    wide += c >> 7;
  }
  return at;
}

#if defined(__x86_64__)

// A bit for each of 64 bytes.
[[gnu::target("avx2,bmi,bmi2,popcnt")]] inline std::uint64_t bits(__m256i first, __m256i second) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(first)) |
         std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(second))} << 32U;
}

// What a byte is behind a backslash: the upper half of a byte has bits, and the lower half has the bits of
// those it may go with. Of the escapes "/ begin with 2, \ with 5, bfn with 6, rtu with 7; of the hexadecimal
// digits figures with 3, letters with 4 and 6. The highest bit is u's alone. What is not ASCII has none.
[[gnu::target("avx2,bmi,bmi2,popcnt")]] inline __m256i kinds_of(__m256i bytes) noexcept {
  constexpr char figure = 0x10, letter = 0x20, hex = figure | letter, of_d = 0x40, of_u = '\x80';
  const __m128i of_upper =
      _mm_setr_epi8(0, 0, 1, figure, letter | of_d, 2, letter | of_d | 4, of_u | 8, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i of_lower = _mm_setr_epi8(figure, hex, hex | 13, hex, hex | 8 | of_d, hex | 8 | of_u, hex | 4,
                                         figure, figure, figure, 0, 0, 2, 0, 4, 1);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
  return _mm256_and_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(of_upper), upper),
                          _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(of_lower), bytes));
}

// The bytes behind backslashes that are not escaped themselves. `first`: the first byte is escaped; then
// whether the one behind the 64 is.
inline std::uint64_t escaped_by(std::uint64_t slashes, std::uint64_t& first) noexcept {
  constexpr std::uint64_t odd = 0xAAAA'AAAA'AAAA'AAAA;
  // Every second backslash of a run escapes. The subtraction carries through a run; taken together with the
  // odd places it leaves the same bits whether the run began at an odd place or at an even one.
  const std::uint64_t open = slashes & ~first;
  const std::uint64_t escapes_and_ends = (((open << 1U) | odd) - open) ^ odd;
  const std::uint64_t escaped = escapes_and_ends ^ (slashes | first);
  first = (escapes_and_ends & slashes) >> 63U;
  return escaped;
}

enum class Step { on, judge, end };

/// A string on the way to its end, 64 bytes at a time.
struct WideString {
  std::uint64_t first_escaped = 0, any_slash = 0, any_high = 0;
  std::size_t wide = 0;
  std::uint64_t units = 0;  // where the u of \u escapes stand in these bytes
  std::size_t end = 0;      // once it is found

  Step step(const char* text, std::size_t at, std::size_t again, bool judged) noexcept;
};

// The bytes at `at`, without those before them that had to be looked at again. `judge`: the \u escapes are
// not plain ones; nothing has happened, and they are judged one by one before the same bytes are taken again.
[[gnu::target("avx2,bmi,bmi2,popcnt"), gnu::always_inline]] inline Step WideString::step(
    const char* text, std::size_t at, std::size_t again, bool judged) noexcept {
  const char* const from = text + at - again;
  const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
  const __m256i slash = _mm256_set1_epi8('\\'), two = _mm256_set1_epi8(2), above = _mm256_set1_epi8(0x21);
  const std::uint64_t slashes =
      bits(_mm256_cmpeq_epi8(first, slash), _mm256_cmpeq_epi8(second, slash)) >> again;
  // As in short_end(): controls, quotes and what is not ASCII.
  const std::uint64_t low = bits(_mm256_subs_epi8(_mm256_xor_si256(first, two), above),
                                 _mm256_subs_epi8(_mm256_xor_si256(second, two), above)) >>
                            again;
  const std::uint64_t high = bits(first, second) >> again;
  const std::uint64_t behind = again != 0 ? ~std::uint64_t{0} << (64 - again) : 0;
  std::uint64_t stops = (low & ~high) | behind, faults = 0, next_escaped = 0;
  if ((slashes | first_escaped) != 0) {
    next_escaped = first_escaped;
    const std::uint64_t escaped = escaped_by(slashes, next_escaped);
    const __m256i kinds_first = kinds_of(first), kinds_second = kinds_of(second);
    const __m256i none = _mm256_setzero_si256(), escapes = _mm256_set1_epi8(0x0F);
    const std::uint64_t no_escapes = bits(_mm256_cmpeq_epi8(_mm256_and_si256(kinds_first, escapes), none),
                                          _mm256_cmpeq_epi8(_mm256_and_si256(kinds_second, escapes), none));
    faults = escaped & (no_escapes >> again | behind);
    stops = (stops & ~escaped) | faults;
    units = escaped & bits(kinds_first, kinds_second) >> again & (stops - 1) & ~stops;
    if (units != 0 && !judged) {
      // Plain: four digits behind each, and no half of a pair, which begins with a d.
      const std::uint64_t digits =
          bits(_mm256_cmpgt_epi8(kinds_first, escapes), _mm256_cmpgt_epi8(kinds_second, escapes)) >> again;
      const std::uint64_t halves =
          bits(_mm256_slli_epi16(kinds_first, 1), _mm256_slli_epi16(kinds_second, 1)) >> again;
      // The four places behind each. Where they reach the next one its backslash is among them, no digit.
      const std::uint64_t four = units * 0b11110U;
      if (((four & ~digits) | (units << 1U & halves) | units >> 60U) != 0) return Step::judge;
      wide += 6 * static_cast<std::size_t>(std::popcount(units));
    }
  }
  first_escaped = next_escaped;
  const std::uint64_t inside = (stops - 1) & ~stops;  // all of it where nothing stops
  any_slash |= slashes & inside;
  any_high |= high & inside;
  wide += static_cast<std::size_t>(std::popcount(high & inside));
  if (stops == 0) return Step::on;
  const auto stop = static_cast<std::size_t>(std::countr_zero(stops));
  end = at + stop - ((faults >> stop) & 1U);
  return Step::end;
}

// Needs 64 bytes of text at least.
[[gnu::target("avx2,bmi,bmi2,popcnt")]] std::size_t string_end_wide(char* text, std::size_t size,
                                                                    std::size_t at,
                                                                    StringSeen& seen) noexcept {
  constexpr std::size_t step = 64;
  WideString string;
  std::size_t pair_end = 0;
  while (at < size) {
    Step did = Step::on;
    for (; size - at >= step; at += step)
      if ((did = string.step(text, at, 0, false)) != Step::on) break;
    // The last bytes are looked at together with those before them, which are then shifted away.
    const std::size_t again = size - at < step ? step - (size - at) : 0;
    if (did == Step::on && again < step) did = string.step(text, at, again, false);
    if (did == Step::judge) {
      for (std::uint64_t units = string.units; units != 0; units &= units - 1) {
        const std::size_t escape = at + static_cast<std::size_t>(std::countr_zero(units)) - 1;
        if (escape < pair_end) continue;
        const std::size_t length = unicode_escape(text, size, escape);
        if (length == 0) return escape;
        string.wide += length;
        pair_end = escape + length;
      }
      did = string.step(text, at, again, true);
    }
    if (did == Step::end) {
      seen = {string.any_slash != 0, string.any_high != 0, string.wide};
      return string.end;
    }
    at += step;
  }
  return size - string.first_escaped;
}

std::size_t string_end_chosen(char* text, std::size_t size, std::size_t at, StringSeen& seen) noexcept {
  return size < 64 ? string_end_anywhere(text, size, at, seen) : string_end_wide(text, size, at, seen);
}

using StringEnd = std::size_t (*)(char*, std::size_t, std::size_t, StringSeen&) noexcept;
const StringEnd string_end_here = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                                          __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
                                      ? &string_end_chosen
                                      : &string_end_anywhere;

#endif

// The length of the valid UTF-8 character at `at`, 0 when there is none.
std::size_t character(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at), second = byte(at + 1);
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool sound = tail(at + 1) && (first != 0xE0 || second >= 0xA0) && (first != 0xED || second <= 0x9F);
    return sound && tail(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool sound = tail(at + 1) && (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second <= 0x8F);
    return sound && tail(at + 2) && tail(at + 3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

std::size_t string_end_anywhere(char* text, std::size_t size, std::size_t at, StringSeen& seen) noexcept {
  const std::string_view all(text, size);
  for (;;) {
    std::size_t high = 0;
    at = plain_run(all, at, high);
    seen.high |= high != 0;
    seen.wide += high;
    if (at >= size || text[at] != '\\') return at;
    seen.escaped = true;
    const char kind = at + 1 < size ? text[at + 1] : '\0';
    if (escapable[static_cast<unsigned char>(kind)]) {
      at += 2;
      continue;
    }
    const std::size_t length = kind == 'u' ? unicode_escape(text, size, at) : 0;
    if (length == 0) return at;
    seen.wide += length;
    at += length;
  }
}

std::size_t string_end(char* text, std::size_t size, std::size_t at, StringSeen& seen) noexcept {
#if defined(__x86_64__)
  return string_end_here(text, size, at, seen);
#else
  return string_end_anywhere(text, size, at, seen);
#endif
}

std::size_t first_not_utf8(std::string_view text) noexcept {
  if (simdjson::validate_utf8(text)) return std::string_view::npos;
  std::size_t at = 0;
  while (const std::size_t length = at < text.size() ? character(text, at) : 0) at += length;
  return at;
}

std::string JsonText::unescaped() const {
  if (!escaped) return std::string{raw};
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out.push_back(raw[i]);
      continue;
    }
    switch (raw[++i]) {  // the scan has seen that something follows
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        auto code = static_cast<unsigned>(hex4(raw.data() + i + 1));
        i += 4;
        if (is_high(static_cast<int>(code))) {
          const auto low = static_cast<unsigned>(hex4(raw.data() + i + 3));
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          i += 6;
        }
        append_utf8(out, code);
        break;
      }
      default:
        out.push_back(raw[i]);
    }
  }
  return out;
}

}  // namespace freellmapi::chat
