#include "chat/messages.hpp"

#include <string>

#include "base/ids.hpp"
#include "base/text.hpp"
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

// Most providers refuse a conversation in which a call has no answer: agents that were interrupted leave
// such.
void answer_the_rest(Pass& pass, const ToolPairing& pairing) {
  for (const ToolPairing::Unanswered& call : pairing.unanswered()) {
    std::string message = ",{\"role\":\"tool\",\"tool_call_id\":";
    base::append_json_string(message, call.id);
    pass.edits.insert(call.turn_end, message + ",\"content\":\"[No result: the call was not carried out]\"}");
  }
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
    const std::size_t begin = pass.scan.offset(), mark = pass.edits.mark();
    Message message(pass, pairing);
    if (!message.read() || !message.settle()) return pass.within("", index);
    if (message.displaced()) {
      // Moved as it was read; the next walk settles it in its place.
      pass.edits.forget(mark);
      pass.edits.insert(*message.displaced(), "," + std::string{pass.scan.view(begin, pass.scan.offset())});
      pass.edits.splice({comma, pass.scan.offset()}, "");
    }
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
  answer_the_rest(pass, pairing);
  if (pass.edits.too_many()) return pass.wrong("invalid_value", "", "need too many repairs");
  if (index == 0) return pass.wrong("invalid_value", "", "must hold at least one message");
  pass.facts.message_count = static_cast<std::uint32_t>(index);
  return true;
}

}  // namespace freellmapi::chat
