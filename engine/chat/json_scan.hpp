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
    blanks();
    const JsonType type = begun_by[static_cast<unsigned char>(here())];
    return type != JsonType::none ? type : no_value();
  }
  /// Each reads the next value, which must be of that type as peek() told; false at a fault.
  bool string(JsonText& out) {
    blanks();
    return here() == '"' ? quoted(out) : fail(at_, "a string was expected");
  }
  bool number(std::string_view& out);
  bool boolean(bool& out);
  /// Any value, checked to its end.
  bool skip();

  /// Into an object or array. Then next_member()/next_item() until false, each followed by reading the value.
  /// `comma` is where the comma before this element stands, npos for the first.
  bool enter() {
    if (failed()) return false;
    if (depth_ >= max_depth) return fail(at_, "nested deeper than 256");
    ++depth_;
    ++at_;
    fresh_ = true;
    return true;
  }
  bool next_member(JsonText& name, std::size_t& begin, std::size_t& comma) {
    return next_name(begin, comma) && quoted(name) && colon();
  }
  bool next_item(std::size_t& comma) { return separator(']', comma); }

  /// next_member() in three steps, for who has a place for the name: to the name's quote; the name, where it
  /// is short and as plain as names are, else "" and string() has to read it; behind the colon.
  bool next_name(std::size_t& begin, std::size_t& comma) {
    if (!separator('}', comma)) return false;
    blanks();
    begin = at_;
    return here() == '"' || no_name();
  }
  std::string_view short_string() noexcept {
    const std::size_t begin = at_ + 1, end = short_end(data_, size_, begin);
    if (end == begin) return {};
    at_ = end + 1;
    return view(begin, end);
  }
  bool colon() {
    blanks();
    if (here() != ':') return fail(at_, "':' was expected");
    ++at_;
    return true;
  }

  /// True when nothing but blanks is left.
  bool finish();

  /// Keeps the fault unless there was one before, and goes to the end of the text, where nothing can be
  /// read. Always false.
  bool fail(std::size_t offset, std::string_view reason) {
    keep(offset, reason);
    return false;
  }

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
    if (static_cast<unsigned char>(here()) <= ' ') pass_blanks();
  }
  void pass_blanks() noexcept;
  char here() const noexcept { return data_[at_]; }
  // The string whose quote stands at at_.
  bool quoted(JsonText& out) {
    out = {short_string(), false, 0};
    return !out.raw.empty() || long_string(at_ + 1, out);
  }
  // Reads the comma before the next element, or the closing bracket.
  bool separator(char close, std::size_t& comma) {
    blanks();
    comma = std::string_view::npos;
    if (here() == ',' && !fresh_) {
      comma = at_++;
      return true;
    }
    if (here() == close) {
      ++at_;
      --depth_;
      fresh_ = false;
      return false;
    }
    if (!fresh_) return no_separator(close);
    fresh_ = false;
    return true;
  }
  void keep(std::size_t offset, std::string_view reason);
  JsonType no_value();
  bool no_name();
  bool no_separator(char close);
  bool literal(std::string_view word);
  bool long_string(std::size_t begin, JsonText& out);

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
