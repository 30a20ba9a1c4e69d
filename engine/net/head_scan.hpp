// Finds the end of a head and refuses what Beast would repair.
#pragma once

#include <cstddef>
#include <string_view>

namespace freellmapi::net {

/// Looks for the empty line line by line, across any number of reads. Beast unfolds continuation lines
/// silently; here they are a fault, as are a line feed without its carriage return and a NUL.
class HeadScan {
 public:
  enum class State { more, whole, bad };
  /// `bytes` is the head so far, always from its beginning.
  State look(std::string_view bytes) noexcept;
  /// Nothing was looked at.
  bool fresh() const noexcept { return checked_ == 0; }
  /// After `whole`: the head's length with its empty line.
  std::size_t length() const noexcept { return length_; }
  /// True when the first line is complete.
  bool has_first_line() const noexcept { return line_ != 0; }

 private:
  std::size_t line_ = 0;     // where the line that is not complete yet begins
  std::size_t checked_ = 0;  // bytes looked at
  std::size_t length_ = 0;
};

}  // namespace freellmapi::net
