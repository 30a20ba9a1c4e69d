// Reads JSON text once, strictly, and without building a tree.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "chat/json_string.hpp"

namespace freellmapi::chat {

/// Why a text is not JSON as we take it. `reason` is static and holds no piece of the text.
struct ScanFault {
  std::size_t offset = 0;  ///< bytes from the beginning
  std::string_view reason;
};

/// What JSON lets stand between its tokens.
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Judged by the first character alone.
enum class JsonType { none, null, boolean, number, string, array, object };

/// A reader that walks over RFC 8259 text: one value, blanks around it and nothing else. Containers deeper
/// than 256, numbers longer than 1,024 characters, a byte order mark, raw control characters and invalid
/// UTF-8 are faults. Half a surrogate pair (\ud83d alone: agents cut texts in the middle of an emoji) is
/// replaced in place by \ufffd, which has the same length.
///
/// The first fault is kept; after it every method says that there is nothing more. Time is linear in the
/// text.
class JsonScan {
 public:
  static constexpr std::size_t max_depth = 256;
  static constexpr std::size_t max_number = 1024;

  /// Checks the byte order mark. `text` must outlive the scan and not be resized.
  explicit JsonScan(std::string& text);

  bool failed() const noexcept { return fault_.has_value(); }
  const std::optional<ScanFault>& fault() const noexcept { return fault_; }
  std::size_t offset() const noexcept { return at_; }
  std::string& text() noexcept { return text_; }
  std::string_view view(std::size_t begin, std::size_t end) const noexcept {
    return {data_ + begin, end - begin};
  }

  /// The type of the next value; blanks before it are passed over.
  JsonType peek() {
    if (failed()) return JsonType::none;
    blanks();
    const JsonType type = begun_by[static_cast<unsigned char>(here())];
    return type != JsonType::none ? type : no_value();
  }
  /// Each reads the next value, which must be of that type as peek() told; false at a fault.
  bool string(JsonText& out);
  bool number(std::string_view& out);
  bool boolean(bool& out);
  /// Any value, checked to its end.
  bool skip();

  /// Into an object or array. Then next_member()/next_item() until false, each followed by reading the value.
  /// `comma` is where the comma before this element stands, npos for the first.
  bool enter();
  bool next_member(JsonText& name, std::size_t& begin, std::size_t& comma);
  bool next_item(std::size_t& comma);

  /// True when nothing but blanks is left.
  bool finish();

  /// Keeps the fault unless there was one before. Always false.
  bool fail(std::size_t offset, std::string_view reason);

 private:
  // The type of the value that begins with a character.
  static constexpr std::array<JsonType, 256> begun_by = [] {
    std::array<JsonType, 256> table{};
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = JsonType::number;
    table['-'] = JsonType::number;
    table['"'] = JsonType::string;
    table['{'] = JsonType::object;
    table['['] = JsonType::array;
    table['t'] = table['f'] = JsonType::boolean;
    table['n'] = JsonType::null;
    return table;
  }();

  // A string ends in a NUL, which is no blank.
  void blanks() noexcept {
    while (is_blank(data_[at_])) ++at_;
  }
  char here() const noexcept { return data_[at_]; }
  JsonType no_value();
  bool literal(std::string_view word);
  bool quoted(JsonText& out);
  bool long_string(std::size_t begin, JsonText& out);
  bool separator(char close, std::size_t& comma);

  std::string& text_;
  char* const data_;
  const std::size_t size_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool fresh_ = false;  // just entered: no comma is due
  std::optional<ScanFault> fault_;
};

/// The fault of a text that should be one JSON value, or nothing. Repairs surrogates as JsonScan does.
std::optional<ScanFault> check_json(std::string& text);

}  // namespace freellmapi::chat
