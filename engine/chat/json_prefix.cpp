// JsonScan, which jumps from value to value, would have to read a growing text again with every piece.
#include "chat/json_prefix.hpp"

#include "chat/json_scan.hpp"

namespace freellmapi::chat {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

bool JsonPrefix::feed(std::string_view piece) noexcept {
  for (const char c : piece) {
    if (!ok()) break;
    expects_ = next(c);
  }
  return ok();
}

bool JsonPrefix::complete() const noexcept {
  if (!open_.empty()) return false;
  switch (expects_) {
    case Expects::end:
    case Expects::zero:
    case Expects::integer:
    case Expects::fraction:
    case Expects::exponent_digits:
      return true;
    default:
      return false;
  }
}

JsonPrefix::Expects JsonPrefix::close(char bracket) noexcept {
  const char opened = bracket == '}' ? '{' : '[';
  if (open_.empty() || open_.back() != opened) return Expects::nothing_helps;
  open_.pop_back();
  return behind_value();
}

JsonPrefix::Expects JsonPrefix::begin_value(char c) noexcept {
  const auto word = [this](std::string_view rest) {
    word_ = rest;
    return Expects::word;
  };
  switch (c) {
    case '{':
    case '[':
      if (open_.size() >= max_depth) return Expects::nothing_helps;
      open_ += c;
      return c == '{' ? Expects::name_or_end : Expects::value_or_end;
    case '"':
      is_name_ = false;
      return Expects::string;
    case 't':
      return word("rue");
    case 'f':
      return word("alse");
    case 'n':
      return word("ull");
    case '-':
      return Expects::minus;
    case '0':
      return Expects::zero;
    default:
      return is_digit(c) ? Expects::integer : Expects::nothing_helps;
  }
}

JsonPrefix::Expects JsonPrefix::in_string(char c) noexcept {
  if (expects_ == Expects::escape) {
    if (c == 'u') digits_ = 4;
    if (c == 'u') return Expects::hex;
    return std::string_view{"\"\\/bfnrt"}.find(c) == std::string_view::npos ? Expects::nothing_helps
                                                                            : Expects::string;
  }
  if (expects_ == Expects::hex) {
    if (!is_hex(c)) return Expects::nothing_helps;
    return --digits_ == 0 ? Expects::string : Expects::hex;
  }
  if (c == '\\') return Expects::escape;
  if (c == '"') return is_name_ ? Expects::colon : behind_value();
  return static_cast<unsigned char>(c) < 0x20 ? Expects::nothing_helps : Expects::string;
}

JsonPrefix::Expects JsonPrefix::in_number(char c) noexcept {
  const Expects at = expects_;
  const bool e = c == 'e' || c == 'E';
  switch (at) {
    case Expects::minus:
      return c == '0' ? Expects::zero : is_digit(c) ? Expects::integer : Expects::nothing_helps;
    case Expects::point:
      return is_digit(c) ? Expects::fraction : Expects::nothing_helps;
    case Expects::exponent:
      if (c == '+' || c == '-') return Expects::exponent_sign;
      return is_digit(c) ? Expects::exponent_digits : Expects::nothing_helps;
    case Expects::exponent_sign:
      return is_digit(c) ? Expects::exponent_digits : Expects::nothing_helps;
    default:
      break;
  }
  if (at != Expects::zero && is_digit(c)) return at;
  if (c == '.' && (at == Expects::zero || at == Expects::integer)) return Expects::point;
  if (e && at != Expects::exponent_digits) return Expects::exponent;
  expects_ = behind_value();
  return next(c);
}

JsonPrefix::Expects JsonPrefix::next(char c) noexcept {
  switch (expects_) {
    case Expects::string:
    case Expects::escape:
    case Expects::hex:
      return in_string(c);
    case Expects::word:
      if (word_.front() != c) return Expects::nothing_helps;
      word_.remove_prefix(1);
      return word_.empty() ? behind_value() : Expects::word;
    case Expects::minus:
    case Expects::zero:
    case Expects::integer:
    case Expects::point:
    case Expects::fraction:
    case Expects::exponent:
    case Expects::exponent_sign:
    case Expects::exponent_digits:
      return in_number(c);
    default:
      break;
  }
  if (is_blank(c)) return expects_;
  switch (expects_) {
    case Expects::value:
      return begin_value(c);
    case Expects::value_or_end:
      return c == ']' ? close(c) : begin_value(c);
    case Expects::name_or_end:
      if (c == '}') return close(c);
      [[fallthrough]];
    case Expects::name:
      is_name_ = true;
      return c == '"' ? Expects::string : Expects::nothing_helps;
    case Expects::colon:
      return c == ':' ? Expects::value : Expects::nothing_helps;
    case Expects::comma_or_end:
      if (c == ',') return open_.back() == '{' ? Expects::name : Expects::value;
      return c == '}' || c == ']' ? close(c) : Expects::nothing_helps;
    default:
      return Expects::nothing_helps;
  }
}

}  // namespace freellmapi::chat
