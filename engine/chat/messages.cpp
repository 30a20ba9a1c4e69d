#include "chat/messages.hpp"

#include "base/ids.hpp"
#include "chat/message.hpp"
#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

namespace {

// A conversation is known again by both ends of its first texts: hashing a megabyte would cost more than
// reading it.
constexpr std::size_t hashed_end = 2'048;

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  hash = base::fnv1a(text.substr(0, hashed_end), hash ^ text.size());
  return text.size() > hashed_end ? base::fnv1a(text.substr(text.size() - hashed_end), hash) : hash;
}

}  // namespace

bool read_messages(Pass& pass, std::uint64_t& opening) {
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "an array");
  ToolPairing pairing;
  opening = base::fnv1a("");
  bool others = false, user = false;
  std::size_t comma = 0, index = 0;
  pass.scan.enter();
  for (; pass.scan.next_item(comma); ++index) {
    if (pass.scan.peek() != JsonType::object)
      return pass.wrong_type("[" + std::to_string(index) + "]", "an object");
    Message message(pass, pairing);
    if (!message.read() || !message.settle()) return pass.within("", index);
    if (pass.edits.too_many()) return pass.wrong("invalid_value", "", "need too many repairs");
    const Role role = message.role();
    const bool system = role == Role::system || role == Role::developer;
    pass.facts.developer |= role == Role::developer;
    pass.facts.late_system |= system && others;
    pass.facts.assistant_seen |= role == Role::assistant;
    pass.facts.prefill = role == Role::assistant && !message.has_calls();
    others |= !system;
    if (!user && (system || role == Role::user)) opening = mixed(opening, message.content());
    user |= role == Role::user;
  }
  if (pass.scan.failed()) return false;
  if (index == 0) return pass.wrong("invalid_value", "", "must hold at least one message");
  pass.facts.message_count = static_cast<std::uint32_t>(index);
  return true;
}

}  // namespace freellmapi::chat
