#include "chat/amend.hpp"

#include <boost/container/small_vector.hpp>
#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "chat/edits.hpp"
#include "chat/with_messages.hpp"

namespace freellmapi::chat {

namespace {

/// A call in a canonical message.
struct Call {
  std::size_t inside = 0;  // where its first member would go
  std::string id, function, arguments;
  bool has_extra = false;
};

struct Spoken {
  std::size_t inside = 0;
  std::string role;
  bool has_reasoning = false;
  boost::container::small_vector<Call, 4> calls;
};

std::string text_of(JsonScan& scan) {
  JsonText text;
  if (scan.peek() != JsonType::string) {
    scan.skip();
    return {};
  }
  return scan.string(text) ? text.unescaped() : std::string();
}

void read_function(JsonScan& scan, Call& call) {
  Members members(scan);
  while (members.next()) {
    if (members.name() == "name") {
      call.function = text_of(scan);
    } else if (members.name() == "arguments") {
      call.arguments = text_of(scan);
    } else if (!scan.skip()) {
      return;
    }
  }
}

Call read_call(JsonScan& scan) {
  Call call;
  Members members(scan);
  call.inside = members.inside();
  while (members.next()) {
    if (members.name() == "id") {
      call.id = text_of(scan);
    } else if (members.name() == "function" && scan.peek() == JsonType::object) {
      read_function(scan, call);
    } else {
      call.has_extra |= members.name() == "extra_content";
      if (!scan.skip()) break;
    }
  }
  return call;
}

Spoken read_message(JsonScan& scan) {
  Spoken message;
  Members members(scan);
  message.inside = members.inside();
  while (members.next()) {
    if (members.name() == "role") {
      message.role = text_of(scan);
    } else if (members.name() == "tool_calls" && scan.peek() == JsonType::array) {
      Items calls(scan);
      while (calls.next()) {
        if (scan.peek() != JsonType::object) break;
        message.calls.push_back(read_call(scan));
      }
    } else {
      message.has_reasoning |= members.name() == "reasoning_content" || members.name() == "reasoning";
      if (!scan.skip()) break;
    }
  }
  return message;
}

void put_back(const Spoken& message, std::uint64_t before, ThoughtSource& source, Edits& edits) {
  for (std::size_t i = 0; i < message.calls.size(); ++i) {
    const Call& call = message.calls[i];
    Thought thought;
    if (!source.find(name_of(before, i, call.id, call.function, call.arguments), thought)) continue;
    if (!call.has_extra && !thought.extra.empty())
      edits.insert(call.inside, "\"extra_content\":" + thought.extra + ",");
    if (i > 0 || message.has_reasoning || thought.reasoning.empty()) continue;
    std::string member = "\"reasoning_content\":";
    base::append_json_string(member, thought.reasoning);
    edits.insert(message.inside, member + ",");
  }
}

/// The messages as they are to be; nothing: as they are.
std::optional<std::string> amended_messages(std::string_view messages, std::string_view note,
                                            ThoughtSource* source) {
  std::string text(messages);
  JsonScan scan(text);
  Edits edits(text);
  if (scan.peek() != JsonType::array || !scan.enter()) return std::nullopt;
  const std::size_t first = scan.offset();
  std::size_t comma = 0, system_end = 0;
  std::uint64_t so_far = 0;
  bool leading = true;
  while (scan.next_item(comma)) {
    if (scan.peek() != JsonType::object) return std::nullopt;
    const std::size_t begin = scan.offset();
    const Spoken message = read_message(scan);
    leading = leading && (message.role == "system" || message.role == "developer");
    if (leading) system_end = scan.offset();
    if (source != nullptr && message.role == "assistant") put_back(message, so_far, *source, edits);
    so_far = rolled(so_far, scan.view(begin, scan.offset()));
  }
  if (scan.failed()) return std::nullopt;
  if (!note.empty()) {
    std::string system = "{\"role\":\"system\",\"content\":";
    base::append_json_string(system, note);
    system += '}';
    edits.insert(system_end > 0 ? system_end : first, system_end > 0 ? "," + system : system + ",");
  }
  if (!edits.must_copy()) return std::nullopt;
  return edits.spliced();
}

}  // namespace

CallName name_of(std::uint64_t before, std::size_t index, std::string_view id, std::string_view function,
                 std::string_view arguments) {
  std::string plain;
  plain.reserve(arguments.size());
  for (const char c : arguments)
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') plain += c;
  const std::uint64_t what = base::fnv1a(plain, base::fnv1a(function));
  return {base::fnv1a(id, what), rolled(before ^ what, std::to_string(index))};
}

std::optional<Request> amended(const Request& request, std::string_view note, ThoughtSource* source) {
  const auto messages = amended_messages(messages_of(request), note, source);
  if (!messages) return std::nullopt;
  auto made = with_messages(request, *messages);
  if (!made) return std::nullopt;
  made->thread = request.thread;
  return std::move(*made);
}

}  // namespace freellmapi::chat
