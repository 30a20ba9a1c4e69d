// The fields that a handler adds to its answer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "net/grammar.hpp"

namespace freellmapi::net {

/// A name as our code writes it, judged when the program is compiled: a token, and none of those that are
/// net's alone (Date and what frames the message).
class AnswerName {
 public:
  template <std::size_t size>
  consteval AnswerName(const char (&text)[size]) : text_(text, size - 1) {
    if (!may_be_given(text_)) throw "a field that no handler may give";
  }
  constexpr std::string_view text() const noexcept { return text_; }

  static constexpr bool may_be_given(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 4> ours = {"date", "content-length", "transfer-encoding",
                                                      "connection"};
    return is_token(name) && std::none_of(ours.begin(), ours.end(), [name](std::string_view one) {
             return base::equal_ignoring_case(one, name);
           });
  }

 private:
  std::string_view text_;
};

/// In one text, as they go out. Control bytes in values become spaces, so that no value can end the head.
class AnswerFields {
 public:
  /// Enough for a routed answer; 512 with its end, a size of the allocator.
  static constexpr std::size_t usual_most = 511;

  void add(AnswerName name, std::string_view value) {
    const std::string_view name_text = name.text();
    const std::size_t begin = text_.size() + name_text.size() + between.size();
    text_.resize(begin + value.size() + line_end.size());
    char* const to = text_.data() + begin;
    std::copy(name_text.begin(), name_text.end(), to - between.size() - name_text.size());
    std::copy(between.begin(), between.end(), to - between.size());
    std::copy(value.begin(), value.end(), to);
    std::copy(line_end.begin(), line_end.end(), to + value.size());
    blank_controls(begin, begin + value.size());
  }
  /// `append` writes the value behind what the text holds; `about` bytes are made room for.
  template <class Append>
  void add_made(AnswerName name, std::size_t about, Append append) {
    const std::string_view name_text = name.text();
    text_.reserve(text_.size() + name_text.size() + between.size() + about);
    text_ += name_text;
    text_ += between;
    const std::size_t begin = text_.size();
    append(text_);
    blank_controls(begin, text_.size());
    text_ += line_end;
  }
  void add(const AnswerFields& others) { text_ += others.text_; }
  void reserve(std::size_t bytes) { text_.reserve(bytes); }

  /// "Name: value\r\n", each.
  std::string_view text() const noexcept { return text_; }

 private:
  static constexpr std::string_view between = ": ", line_end = "\r\n";

  void blank_controls(std::size_t begin, std::size_t end) noexcept {
    const std::string_view value = std::string_view(text_).substr(begin, end - begin);
    if (field_text_end(value) == value.size()) return;
    for (std::size_t i = begin; i < end; ++i)
      if (!is_field_byte(text_[i])) text_[i] = ' ';
  }

  std::string text_;
};

}  // namespace freellmapi::net
