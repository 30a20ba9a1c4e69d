#include "chat/go_on.hpp"

#include <string>

#include "base/text.hpp"
#include "chat/with_messages.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::string_view plea =
    "Your last message was cut off. Go on with it exactly where it stops, in its language and its format, as "
    "if it had never been cut: no greeting, no comment, no code block around it, nothing left out. Begin by "
    "repeating its last characters, which stand between the marks, exactly as they are, and go on directly "
    "behind them.\n<<<\n";
constexpr std::string_view plea_end = "\n>>>";

// A text that ends in the middle of an emoji, where a provider cut one, is made whole for the wire.
void append_said(std::string& out, std::string_view role, std::string_view text) {
  out += ",{\"role\":\"";
  out += role;
  out += "\",\"content\":";
  base::append_json_string(out, text);
  out += '}';
}

}  // namespace

Checked<Request> going_on(const Request& request, std::string_view shown, Going how) {
  const std::string_view before = messages_of(request);
  std::string messages;
  messages.reserve(before.size() + shown.size() + shown.size() / 8 + plea.size() + 512);
  messages = before.substr(0, before.size() - 1);
  append_said(messages, "assistant", without_last_blanks(shown));
  if (how == Going::anchored) {
    std::string asked(plea);
    asked += anchor_of(shown);
    asked += plea_end;
    append_said(messages, "user", asked);
  }
  messages += ']';
  return with_messages(request, messages, "response_format");
}

}  // namespace freellmapi::chat
