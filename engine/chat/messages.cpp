#include "chat/messages.hpp"

#include <array>
#include <boost/container/small_vector.hpp>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "chat/message.hpp"
#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

namespace {

/// An assistant's message, for when another follows it.
struct Said {
  std::uint64_t before = 0;  // the conversation up to it
  std::string_view content;
  boost::container::small_vector<std::string_view, 8> calls;
};

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

bool read_messages(Pass& pass, Thread& thread) {
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "an array");
  ToolPairing pairing;
  thread = {};
  // The newest answer, and the one before it: another message makes it one that was answered to.
  std::array<Said, 2> said_last;
  std::size_t newest = 0;
  bool spoken = false, answered_to = false, others = false;
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
    answered_to |= spoken;
    spoken = role == Role::assistant;
    if (spoken) {
      newest = 1 - newest;
      Said& said = said_last[newest];
      said.before = thread.so_far;
      said.content = message.content();
      said.calls.clear();
      for (const SeenCall& call : message.calls()) said.calls.push_back(call.name);
    }
    thread.so_far = rolled(thread.so_far, pass.scan.view(begin, pass.scan.offset()));
  }
  if (pass.scan.failed()) return false;
  answer_the_rest(pass, pairing);
  if (pass.edits.too_many()) return pass.wrong("invalid_value", "", "need too many repairs");
  if (index == 0) return pass.wrong("invalid_value", "", "must hold at least one message");
  pass.facts.message_count = static_cast<std::uint32_t>(index);
  // What is still to be spliced is read again, and the walk that changes nothing is the one that counts.
  if (answered_to && !pass.edits.must_copy()) {
    const Said& answer = said_last[spoken ? 1 - newest : newest];
    thread.begun = answered(answer.before, said(answer.content), {answer.calls.data(), answer.calls.size()});
  }
  return true;
}

}  // namespace freellmapi::chat
