// Looks into JSON text without building a tree, so that what is only passed on stays where it lies.
#pragma once

#include <cstddef>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::google {

/// The text of one JSON value; empty text means "there is none". The text is taken to be valid JSON (the host
/// has checked it); text that is not makes functions throw Failure{FREELLM_E_INVALID}, never read outside of
/// it.
class Raw {
 public:
  Raw() = default;
  explicit Raw(std::string_view text) noexcept : text_(text) {}

  std::string_view text() const noexcept { return text_; }
  bool absent() const noexcept { return text_.empty() || text_ == "null"; }
  bool is_string() const noexcept { return text_.starts_with('"'); }
  bool is_object() const noexcept { return text_.starts_with('{'); }
  bool is_array() const noexcept { return text_.starts_with('['); }
  bool is_number() const noexcept {
    return !text_.empty() && (text_[0] == '-' || (text_[0] >= '0' && text_[0] <= '9'));
  }

  /// A string's text between its quotes, escapes and all: pieces of it may stand side by side in another
  /// string.
  std::string_view inner() const;
  /// A string, unescaped. Lone surrogates become U+FFFD.
  std::string unescaped() const;
  /// Is this the string `plain`?
  bool equals(std::string_view plain) const;

  /// The last member of that name; an absent value when there is none or this is no object.
  Raw at(std::string_view name) const;

  /// Calls f(Raw) for each item; nothing happens when this is no array.
  template <class F>
  void each(F&& f) const {
    if (!is_array()) return;
    std::size_t at = 1;
    for (bool more = enter(at, ']'); more; more = next(at, ']')) f(value(at));
  }
  /// Calls f(Raw name, Raw value) for each member; nothing happens when this is no object.
  template <class F>
  void each_member(F&& f) const {
    if (!is_object()) return;
    std::size_t at = 1;
    for (bool more = enter(at, '}'); more; more = next(at, '}')) {
      const Raw name = value(at);
      colon(at);
      f(name, value(at));
    }
  }

 private:
  void space(std::size_t& at) const noexcept;
  bool enter(std::size_t& at, char close) const;
  bool next(std::size_t& at, char close) const;
  void colon(std::size_t& at) const;
  Raw value(std::size_t& at) const;
  void skip_string(std::size_t& at) const;

  std::string_view text_;
};

/// The same JSON text without white space between its tokens.
std::string compact(std::string_view json);

}  // namespace freellmapi::google
