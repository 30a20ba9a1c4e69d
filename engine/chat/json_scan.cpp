#include "chat/json_scan.hpp"

#include <simdjson.h>

#include <array>
#include <bit>
#include <bitset>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::chat {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// What may follow a backslash, beside u.
constexpr std::array<bool, 256> escapable = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `at`, or -1.
int hex4(std::string_view text, std::size_t at) noexcept {
  if (at + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_high(int unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low(int unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

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
        auto code = static_cast<unsigned>(hex4(raw, i + 1));
        i += 4;
        if (is_high(static_cast<int>(code))) {
          const auto low = static_cast<unsigned>(hex4(raw, i + 3));
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

JsonScan::JsonScan(std::string& text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF") || text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
    fail(0, "a byte order mark stands before the value");
  } else if (!simdjson::validate_utf8(text_)) {
    std::size_t at = 0;
    while (const std::size_t length = at < text_.size() ? character(text_, at) : 0) at += length;
    fail(at, "invalid UTF-8");
  }
}

bool JsonScan::fail(std::size_t offset, std::string_view reason) {
  if (!fault_) fault_ = ScanFault{offset, reason};
  return false;
}

void JsonScan::blanks() noexcept {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

JsonType JsonScan::peek() {
  if (failed()) return JsonType::none;
  blanks();
  switch (here()) {
    case '"':
      return JsonType::string;
    case '{':
      return JsonType::object;
    case '[':
      return JsonType::array;
    case 't':
    case 'f':
      return JsonType::boolean;
    case 'n':
      return JsonType::null;
    default:
      if (here() == '-' || is_digit(here())) return JsonType::number;
      fail(at_, at_ < text_.size() ? "a value was expected" : "the text ends early");
      return JsonType::none;
  }
}

// The backslash at at_ begins a \u escape; half a pair is replaced.
bool JsonScan::unicode_escape(JsonText& out) {
  const int unit = hex4(text_, at_ + 2);
  if (unit < 0) return fail(at_, "\\u without four hexadecimal digits");
  const bool pair = is_high(unit) && at_ + 7 < text_.size() && text_[at_ + 6] == '\\' &&
                    text_[at_ + 7] == 'u' && is_low(hex4(text_, at_ + 8));
  if (!pair && (is_high(unit) || is_low(unit))) std::memcpy(text_.data() + at_ + 2, "fffd", 4);
  const std::size_t length = pair ? 12 : 6;
  out.wide += length;
  at_ += length;
  return true;
}

bool JsonScan::string(JsonText& out) {
  if (failed()) return false;
  blanks();
  if (here() != '"') return fail(at_, "a string was expected");
  out = JsonText{};
  const std::string_view text = text_;
  const std::size_t begin = ++at_;
  std::size_t at = begin;  // a local: the compiler keeps it in a register through the runs between escapes
  for (;;) {
    at = plain_run(text, at, out.wide);
    if (at >= text.size()) return fail(at, "the text ends inside a string");
    if (text[at] == '"') break;
    if (text[at] != '\\') return fail(at, "a control character inside a string");
    out.escaped = true;
    const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
    if (escapable[static_cast<unsigned char>(kind)]) {
      at += 2;
    } else if (kind == 'u') {
      at_ = at;
      if (!unicode_escape(out)) return false;
      at = at_;
    } else {
      return fail(at, "an unknown escape");
    }
  }
  out.raw = text.substr(begin, at - begin);
  at_ = at + 1;
  return true;
}

bool JsonScan::number(std::string_view& out) {
  if (failed()) return false;
  blanks();
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (is_digit(here())) ++at_;
    return at_ > first;
  };
  if (here() == '-') ++at_;
  if (here() == '0') {
    ++at_;
  } else if (!digits()) {
    return fail(begin, "a value was expected");
  }
  if (here() == '.') {
    ++at_;
    if (!digits()) return fail(at_, "a digit must follow the point of a number");
  }
  if (here() == 'e' || here() == 'E') {
    ++at_;
    if (here() == '+' || here() == '-') ++at_;
    if (!digits()) return fail(at_, "a digit must follow the exponent of a number");
  }
  if (at_ - begin > max_number) return fail(begin, "a number is longer than 1,024 characters");
  out = view(begin, at_);
  return true;
}

bool JsonScan::literal(std::string_view word) {
  if (!std::string_view{text_}.substr(at_).starts_with(word)) return fail(at_, "a value was expected");
  at_ += word.size();
  return true;
}

bool JsonScan::boolean(bool& out) {
  if (failed()) return false;
  blanks();
  out = here() == 't';
  return literal(out ? "true" : "false");
}

bool JsonScan::skip() {
  std::bitset<max_depth> objects;  // of the containers opened here: which are objects
  const std::size_t outside = depth_;
  for (;;) {
    // One value, or the opening of a container.
    JsonText ignored_text;
    std::string_view ignored;
    bool flag = false;
    switch (peek()) {
      case JsonType::none:
        return false;
      case JsonType::null:
        if (!literal("null")) return false;
        break;
      case JsonType::boolean:
        if (!boolean(flag)) return false;
        break;
      case JsonType::number:
        if (!number(ignored)) return false;
        break;
      case JsonType::string:
        if (!string(ignored_text)) return false;
        break;
      case JsonType::array:
      case JsonType::object:
        objects[depth_ < max_depth ? depth_ : 0] = here() == '{';
        if (!enter()) return false;
        break;
    }
    // Closes what ends here, then stands before the next value.
    for (;;) {
      if (depth_ == outside) {
        fresh_ = false;
        return true;
      }
      std::size_t ignored_at = 0;
      const bool more =
          objects[depth_ - 1] ? next_member(ignored_text, ignored_at, ignored_at) : next_item(ignored_at);
      if (more) break;
      if (failed()) return false;
    }
  }
}

bool JsonScan::enter() {
  if (failed()) return false;
  if (depth_ >= max_depth) return fail(at_, "nested deeper than 256");
  ++depth_;
  ++at_;
  fresh_ = true;
  return true;
}

// Reads the comma before the next element, or the closing bracket.
bool JsonScan::separator(char close, std::size_t& comma) {
  if (failed()) return false;
  blanks();
  comma = std::string_view::npos;
  if (here() == close) {
    ++at_;
    --depth_;
    fresh_ = false;
    return false;
  }
  if (fresh_) {
    fresh_ = false;
    return true;
  }
  if (here() != ',') {
    return fail(at_, at_ >= text_.size() ? "the text ends early"
                     : close == '}'      ? "',' or '}' was expected"
                                         : "',' or ']' was expected");
  }
  comma = at_++;
  return true;
}

bool JsonScan::next_member(JsonText& name, std::size_t& begin, std::size_t& comma) {
  if (!separator('}', comma)) return false;
  blanks();
  begin = at_;
  if (here() != '"')
    return fail(at_, at_ < text_.size() ? "a member's name was expected" : "the text ends early");
  if (!string(name)) return false;
  blanks();
  if (here() != ':') return fail(at_, "':' was expected");
  ++at_;
  return true;
}

bool JsonScan::next_item(std::size_t& comma) { return separator(']', comma); }

bool JsonScan::finish() {
  if (failed()) return false;
  blanks();
  return at_ == text_.size() || fail(at_, "text after the end of the value");
}

std::optional<ScanFault> check_json(std::string& text) {
  JsonScan scan(text);
  if (scan.skip()) scan.finish();
  return scan.fault();
}

}  // namespace freellmapi::chat
