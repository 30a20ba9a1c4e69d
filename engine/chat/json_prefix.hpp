// Can a text that is still being written become one JSON value? Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freellmapi::chat {

/// A reader that stops at any byte and goes on. Copies cost as much as the depth. Escapes, numbers and words
/// are checked byte by byte; UTF-8 and the uniqueness of names are not.
class JsonPrefix {
 public:
  static constexpr std::size_t max_depth = 256;

  /// False once the text can become no JSON value any more; it stays so.
  bool feed(std::string_view piece) noexcept;
  bool ok() const noexcept { return expects_ != Expects::nothing_helps; }
  /// It is one value now, with nothing open.
  bool complete() const noexcept;

 private:
  enum class Expects : std::uint8_t {
    value,
    value_or_end,  // in a fresh array
    name,
    name_or_end,  // in a fresh object
    colon,
    comma_or_end,
    string,
    escape,
    hex,
    word,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    end,  // blanks alone
    nothing_helps,
  };
  Expects next(char c) noexcept;
  Expects begin_value(char c) noexcept;
  Expects in_string(char c) noexcept;
  Expects in_number(char c) noexcept;
  Expects behind_value() const noexcept { return open_.empty() ? Expects::end : Expects::comma_or_end; }
  Expects close(char bracket) noexcept;

  std::string open_;  // '{' and '['
  std::string_view word_;
  Expects expects_ = Expects::value;
  std::uint8_t digits_ = 0;  // of an escape, still to come
  bool is_name_ = false;
};

}  // namespace freellmapi::chat
