// Writes a head into room that was made before, so that no piece of it costs a look at the room.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "net/grammar.hpp"

namespace freellmapi::net {

/// Writes from the beginning of `room`. What finds no room is not written: the caller counts before.
class Pen {
 public:
  explicit Pen(std::span<char> room) noexcept
      : begin_(room.data()), at_(begin_), end_(begin_ + room.size()) {}

  void put(char c) noexcept {
    if (at_ != end_) *at_++ = c;
  }
  template <std::size_t size>
  void put(const char (&text)[size]) noexcept {
    constexpr std::size_t length = size - 1;
    if (room() < length) return;
    std::memcpy(at_, text, length);
    at_ += length;
  }
  void put(std::string_view text) noexcept {
    if (text.empty() || room() < text.size()) return;
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(std::uint64_t number) noexcept {
    const auto written = std::to_chars(at_, end_, number);
    if (written.ec == std::errc()) at_ = written.ptr;
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

  /// What was written.
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  char* const begin_;
  char* at_;
  char* const end_;
};

}  // namespace freellmapi::net
