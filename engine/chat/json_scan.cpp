#include "chat/json_scan.hpp"

#include <bit>
#include <bitset>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::chat {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The quote that ends a string of which `at` is the inside, when it stands within sixteen bytes and nothing
// but plain ASCII before it; else `at` itself. Most strings of a request are names.
std::size_t short_end(const char* text, std::size_t size, std::size_t at) noexcept {
#if defined(__SSE2__)
  if (at + 16 > size) return at;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
  // As signed numbers controls and what is not ASCII are both below the blank.
  const __m128i special = _mm_or_si128(
      _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
      _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  const auto stops = static_cast<unsigned>(_mm_movemask_epi8(special));
  const std::size_t stop = at + static_cast<unsigned>(std::countr_zero(stops | 0x8000U));
  return text[stop] == '"' ? stop : at;
#else
  return at;
#endif
}

}  // namespace

JsonScan::JsonScan(std::string& text) : text_(text), data_(text.data()), size_(text.size()) {
  if (text_.starts_with("\xEF\xBB\xBF") || text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF"))
    fail(0, "a byte order mark stands before the value");
}

bool JsonScan::fail(std::size_t offset, std::string_view reason) {
  if (!fault_) fault_ = ScanFault{offset, reason};
  return false;
}

JsonType JsonScan::no_value() {
  fail(at_, at_ < size_ ? "a value was expected" : "the text ends early");
  return JsonType::none;
}

// The string whose quote stands at at_.
inline bool JsonScan::quoted(JsonText& out) {
  const std::size_t begin = at_ + 1, end = short_end(data_, size_, begin);
  if (end == begin) return long_string(begin, out);
  out.raw = view(begin, end);
  out.escaped = false;
  out.wide = 0;
  at_ = end + 1;
  return true;
}

bool JsonScan::string(JsonText& out) {
  if (failed()) return false;
  blanks();
  return here() == '"' ? quoted(out) : fail(at_, "a string was expected");
}

bool JsonScan::long_string(std::size_t begin, JsonText& out) {
  StringSeen seen;
  const std::size_t end = string_end(data_, size_, begin, seen);
  if (end >= size_) return fail(end, "the text ends inside a string");
  if (data_[end] == '\\')
    return fail(end, data_[end + 1] == 'u' ? "\\u without four hexadecimal digits" : "an unknown escape");
  if (data_[end] != '"') return fail(end, "a control character inside a string");
  out.raw = view(begin, end);
  out.escaped = seen.escaped;
  out.wide = seen.wide;
  at_ = end + 1;
  if (!seen.high) return true;
  const std::size_t bad = first_not_utf8(out.raw);
  return bad == std::string_view::npos || fail(begin + bad, "invalid UTF-8");
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
inline bool JsonScan::separator(char close, std::size_t& comma) {
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
    return fail(at_, at_ >= size_   ? "the text ends early"
                     : close == '}' ? "',' or '}' was expected"
                                    : "',' or ']' was expected");
  }
  comma = at_++;
  return true;
}

bool JsonScan::next_member(JsonText& name, std::size_t& begin, std::size_t& comma) {
  if (!separator('}', comma)) return false;
  blanks();
  begin = at_;
  if (here() != '"') return fail(at_, at_ < size_ ? "a member's name was expected" : "the text ends early");
  if (!quoted(name)) return false;
  blanks();
  if (here() != ':') return fail(at_, "':' was expected");
  ++at_;
  return true;
}

bool JsonScan::next_item(std::size_t& comma) { return separator(']', comma); }

bool JsonScan::finish() {
  if (failed()) return false;
  blanks();
  return at_ == size_ || fail(at_, "text after the end of the value");
}

std::optional<ScanFault> check_json(std::string& text) {
  JsonScan scan(text);
  if (scan.skip()) scan.finish();
  return scan.fault();
}

}  // namespace freellmapi::chat
