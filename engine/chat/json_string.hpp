// The inside of a JSON string: where it ends, what stands in it, what it means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace freellmapi::chat {

/// A string as it stands between its quotes.
struct JsonText {
  std::string_view raw;
  bool escaped = false;  ///< holds a backslash
  std::size_t wide = 0;  ///< bytes >= 0x80 and bytes of \u escapes

  /// The string itself, as UTF-8.
  std::string unescaped() const;
  /// Costs as much as `text` is long, however long the string is.
  bool is(std::string_view text) const {
    if (!escaped) return raw == text;
    // The shortest escape is \u0041, six bytes for one.
    return raw.size() > text.size() && raw.size() <= 6 * text.size() && unescaped() == text;
  }
};

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
