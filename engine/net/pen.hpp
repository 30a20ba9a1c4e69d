// Writes a head into room that was made before, so that no piece of it costs a look at the room.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "net/grammar.hpp"

namespace freellmapi::net {

/// Appends to `out`, which has no other use meanwhile. What would be more than `most` bytes is not written:
/// the caller counts before.
class Pen {
 public:
  Pen(std::string& out, std::size_t most) : out_(out) {
    const std::size_t begin = out.size();
    out.resize(begin + most);
    at_ = out.data() + begin;
    end_ = at_ + most;
  }
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;
  /// `out` ends with what was written.
  ~Pen() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }

  void put(char c) noexcept {
    if (at_ != end_) *at_++ = c;
  }
  void put(std::string_view text) noexcept {
    const auto room = static_cast<std::size_t>(end_ - at_);
    if (text.size() > room) text = text.substr(0, room);
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(std::uint64_t number) noexcept {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    put({digits.data(), end});
  }
  static constexpr std::size_t number_most = 20;
  /// A field's value; a byte that no field may hold becomes a blank.
  void put_value(std::string_view value) noexcept {
    char* const begin = at_;
    put(value);
    if (field_text_end(value) == value.size()) return;
    for (char* c = begin; c != at_; ++c)
      if (!is_field_byte(*c)) *c = ' ';
  }

 private:
  std::string& out_;
  char* at_;
  char* end_;
};

}  // namespace freellmapi::net
