// A JSON object, written member by member.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::base {

class JsonObject {
 public:
  /// Empty text is null: not known.
  JsonObject& text(std::string_view name, std::string_view value) {
    return raw(name, value.empty() ? "null" : json_string(value));
  }
  JsonObject& truth(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  JsonObject& count(std::string_view name, std::unsigned_integral auto value) {
    return raw(name, std::to_string(value));
  }
  /// 0 is null: not known.
  JsonObject& known(std::string_view name, std::unsigned_integral auto value) {
    return value == 0 ? raw(name, "null") : count(name, value);
  }
  /// `value` is JSON.
  JsonObject& raw(std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out_), "{}\"{}\":{}", out_.empty() ? "{" : ",", name, value);
    return *this;
  }
  std::string take() { return out_.empty() ? "{}" : std::exchange(out_, {}) + "}"; }

 private:
  std::string out_;
};

/// Items that are JSON, with commas between; brackets are the caller's.
inline void append_item(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

}  // namespace freellmapi::base
