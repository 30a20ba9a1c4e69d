// A JSON text that is looked into more than once: its values in one flat list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/json_scan.hpp"

namespace freellmapi::chat {

/// Owns the text and is what it holds. Built only where a value must be judged; ordinary requests and answers
/// are scanned and never come here. Bounded: `most_values` values, JsonScan::max_depth levels.
class JsonTree {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = UINT32_MAX;
  static constexpr Id root = 0;
  static constexpr std::size_t most_values = std::size_t{1} << 16;

  struct Value {
    JsonType type = JsonType::none;
    Id child = none;         ///< the first member or item
    Id next = none;          ///< the next one of the same container
    std::uint32_t size = 0;  ///< how many members or items
    JsonText name;           ///< of a member
    JsonText string;         ///< of a string
    std::size_t from = 0;    ///< where the member's name begins, or the item
    std::size_t begin = 0, end = 0;
  };

  explicit JsonTree(std::string text);
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  /// The text is one JSON value, and not too large a one.
  bool sound() const noexcept { return sound_; }
  /// It may be JSON, but it has more values than are looked at.
  bool too_large() const noexcept { return too_large_; }
  const Value& at(Id id) const noexcept { return values_[id]; }
  /// The value's own text.
  std::string_view text(Id id) const noexcept {
    return std::string_view{text_}.substr(values_[id].begin, values_[id].end - values_[id].begin);
  }
  const std::string& whole() const noexcept { return text_; }
  /// The member of that name; none when there is none or `object` is no object. The last one counts, as it
  /// does in JavaScript and Python.
  Id member(Id object, std::string_view name) const;

 private:
  bool read(JsonScan& scan, Id id);

  std::string text_;
  std::vector<Value> values_;
  bool sound_ = false, too_large_ = false;
};

}  // namespace freellmapi::chat
