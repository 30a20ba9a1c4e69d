// What the two head parsers share: keeping fields, reading a Content-Length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/exchange.hpp"
#include "net/grammar.hpp"

namespace freellmapi::net {

/// One run of digits that fits: no sign, no list, no space, no hexadecimal.
inline std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

/// Puts views of the head's own bytes into a list; names become lower case where they lie.
class FieldCollector {
 public:
  FieldCollector(std::string& bytes, std::size_t most, std::vector<Field>& fields)
      : bytes_(bytes), most_(most), fields_(fields) {}

  /// `name` points into the head's bytes. False when there are too many.
  bool add(std::string_view name, std::string_view value) {
    if (fields_.size() >= most_) {
      too_many_ = true;
      return false;
    }
    char* at = bytes_.data() + (name.data() - bytes_.data());
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (at[i] >= 'A' && at[i] <= 'Z') at[i] = static_cast<char>(at[i] - 'A' + 'a');
    }
    Field field;
    field.name = name;
    field.value = value;
    fields_.push_back(field);
    return true;
  }
  bool too_many() const noexcept { return too_many_; }

 private:
  std::string& bytes_;
  const std::size_t most_;
  std::vector<Field>& fields_;
  bool too_many_ = false;
};

}  // namespace freellmapi::net
