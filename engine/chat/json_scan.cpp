#include "chat/json_scan.hpp"

#include <bitset>

namespace freellmapi::chat {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

JsonScan::JsonScan(std::string& text) : text_(text), data_(text.data()), size_(text.size()) {
  const bool wide = here() < 0;
  if (wide &&
      (text_.starts_with("\xEF\xBB\xBF") || text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")))
    fail(0, "a byte order mark stands before the value");
}

void JsonScan::keep(std::size_t offset, std::string_view reason) {
  if (!fault_) fault_ = ScanFault{offset, reason};
  at_ = size_;
  fresh_ = false;
}

void JsonScan::pass_blanks() noexcept {
  while (is_blank(here())) ++at_;
}

JsonType JsonScan::no_value() {
  fail(at_, at_ < size_ ? "a value was expected" : "the text ends early");
  return JsonType::none;
}

bool JsonScan::no_name() {
  return fail(at_, at_ < size_ ? "a member's name was expected" : "the text ends early");
}

bool JsonScan::no_separator(char close) {
  return fail(at_, at_ >= size_   ? "the text ends early"
                   : close == '}' ? "',' or '}' was expected"
                                  : "',' or ']' was expected");
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
  blanks();
  const std::size_t begin = at_;
  const char* at = data_ + at_;
  const auto digits = [&at] {
    const char* const first = at;
    while (is_digit(*at)) ++at;
    return at > first;
  };
  const auto offset = [&] { return static_cast<std::size_t>(at - data_); };
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else if (!digits()) {
    return fail(begin, "a value was expected");
  }
  if (*at == '.') {
    ++at;
    if (!digits()) return fail(offset(), "a digit must follow the point of a number");
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!digits()) return fail(offset(), "a digit must follow the exponent of a number");
  }
  if (offset() - begin > max_number) return fail(begin, "a number is longer than 1,024 characters");
  at_ = offset();
  out = view(begin, at_);
  return true;
}

bool JsonScan::literal(std::string_view word) {
  if (!view(at_, size_).starts_with(word)) return fail(at_, "a value was expected");
  at_ += word.size();
  return true;
}

bool JsonScan::boolean(bool& out) {
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
