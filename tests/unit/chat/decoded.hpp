// Shorthand of the decoder's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "chat/decode.hpp"

namespace freellmapi::chat {

/// A body and what became of it.
struct Decoded {
  std::unique_ptr<std::string> sent;
  Checked<Request> result;

  explicit Decoded(std::string body)
      : sent(std::make_unique<std::string>(std::move(body))), result(decode(*sent)) {}
  const Request& request() const { return *result; }
  const Facts& facts() const { return result->facts; }
  /// The canonical body without blanks outside of strings.
  std::string body() const {
    if (!result) return "fault: " + result.error().message;
    std::string out;
    bool in_string = false;
    for (std::size_t i = 0; i < result->body->size(); ++i) {
      const char c = (*result->body)[i];
      if (c == '\\' && in_string)
        out += c, out += (*result->body)[++i];
      else if (c == '"')
        in_string = !in_string, out += c;
      else if (in_string || c != ' ')
        out += c;
    }
    return out;
  }
  /// The value of a top-level member, "" when it is not there.
  std::string member(std::string_view name) const {
    if (!result) return "fault: " + result.error().message;
    for (const Member& m : result->members)
      if (m.name == name) return std::string{m.value};
    return {};
  }
  bool copied() const { return result && result->storage != nullptr; }
  /// "code param", or "fine".
  std::string fault() const { return result ? "fine" : result.error().code + " " + result.error().param; }
};

/// With a model and one user message; `members` begins with a comma.
inline Decoded with(const std::string& members) {
  return Decoded{R"({"model":"auto","messages":[{"role":"user","content":"hi"}])" + members + "}"};
}
/// With these messages, the inside of the array.
inline Decoded talk(const std::string& messages) {
  return Decoded{R"({"model":"auto","messages":[)" + messages + "]}"};
}
/// The canonical messages of that, the inside of the array, without blanks.
inline std::string told(const std::string& messages) {
  const Decoded decoded = talk(messages);
  const std::string body = decoded.body();
  constexpr std::string_view head = R"({"model":"auto","messages":[)";
  return body.starts_with(head) ? body.substr(head.size(), body.size() - head.size() - 2) : body;
}

/// What is put behind a call that has no result.
inline std::string no_result(const std::string& id) {
  return R"(,{"role":"tool","tool_call_id":")" + id +
         R"(","content":"[No result: the call was not carried out]"})";
}

}  // namespace freellmapi::chat
