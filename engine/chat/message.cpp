#include "chat/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_calls = 1'024;
constexpr std::string_view orphan_note = "[Result of a tool call that is not part of this conversation]\\n";

constexpr std::array<std::pair<std::string_view, Role>, 6> roles{{{"system", Role::system},
                                                                  {"developer", Role::developer},
                                                                  {"user", Role::user},
                                                                  {"assistant", Role::assistant},
                                                                  {"tool", Role::tool},
                                                                  {"function", Role::function}}};

std::string json_string(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

}  // namespace

Element* Message::member(std::string_view name) {
  Elements& all = members_.all();
  const auto at = std::find_if(all.begin(), all.end(), [name](const Element& e) { return e.name == name; });
  return at == all.end() ? nullptr : &*at;
}

void Message::drop(std::string_view name) {
  if (Element* const found = member(name)) found->drop = true;
}

std::string_view Message::content() {
  const Element* const found = member("content");
  return found == nullptr ? std::string_view{} : pass_.value(*found);
}

bool Message::read() {
  while (members_.next()) {
    if (!read_member(members_.name(), members_.here())) return false;
  }
  return !pass_.scan.failed();
}

bool Message::read_role() {
  JsonText text;
  if (!pass_.text("role", text)) return false;
  for (const auto& [name, role] : roles)
    if (text.is(name)) role_ = role;
  return role_ != Role::unknown ||
         pass_.wrong("invalid_value", "role", "must be system, developer, user, assistant, tool or function");
}

bool Message::read_member(std::string_view name, Element& element) {
  JsonText text;
  if (name == "role") return read_role();
  if (name == "content") return read_content(pass_, element, content_) || pass_.within("content");
  if (pass_.scan.peek() == JsonType::null) {
    element.drop = name != "tool_call_id";
    return pass_.scan.skip();
  }
  if (name == "tool_calls") return read_calls(element);
  if (name == "tool_call_id") {
    if (!pass_.text(name, text)) return false;
    result_id_ = text.unescaped();
    return true;
  }
  if (name == "name") {
    if (!pass_.counted_text(name, text)) return false;
    element.drop = text.raw.empty();
    pass_.facts.names |= !element.drop;
    return true;
  }
  if (name == "function_call")
    return pass_.scan.peek() == JsonType::object ? pass_.scan.skip() : pass_.wrong_type(name, "an object");
  if (name == "reasoning_content" || name == "reasoning" || name == "refusal") {
    if (!pass_.counted_text(name, text)) return false;
    element.drop = text.raw.empty();
    pass_.facts.reasoning_history |= !element.drop && name != "refusal";
    // Few providers take a refusal or `reasoning` back, though the former is in OpenAI's schema.
    pass_.facts.extras |= !element.drop && name != "reasoning_content";
    return true;
  }
  pass_.facts.reasoning_history |= name == "reasoning_details";
  pass_.facts.extras = true;
  return pass_.scan.skip();
}

bool Message::read_calls(Element& element) {
  if (pass_.scan.peek() != JsonType::array) return pass_.wrong_type("tool_calls", "an array");
  std::size_t comma = 0;
  pass_.scan.enter();
  while (pass_.scan.next_item(comma)) {
    const std::size_t index = calls_.size();
    if (index >= most_calls) return pass_.wrong("invalid_value", "tool_calls", "has more than 1,024 items");
    if (pass_.scan.peek() != JsonType::object)
      return pass_.wrong_type("tool_calls[" + std::to_string(index) + "]", "an object");
    if (!read_call(pass_, calls_.emplace_back())) return pass_.within("tool_calls", index);
  }
  element.drop = calls_.empty();
  return !pass_.scan.failed();
}

bool Message::settle() {
  if (role_ == Role::unknown) return pass_.missing("role");
  if (role_ == Role::assistant) {
    if (!settle_assistant()) return false;
  } else {
    if (has_calls()) return pass_.wrong("invalid_value", "tool_calls", "belong to assistant messages");
    drop("tool_calls");
    drop("function_call");
    if (role_ == Role::tool || role_ == Role::function) {
      if (!settle_result()) return false;
      if (displaced_) return true;
    } else {
      pairing_.end_turn();
      drop("tool_call_id");
      settle_content(false);
    }
  }
  pass_.edits.drop(members_.all());
  return true;
}

bool Message::settle_assistant() {
  drop("tool_call_id");
  Element* const legacy = member("function_call");
  const bool convert = legacy != nullptr && !legacy->drop && !has_calls();
  const bool calling = has_calls() || convert;
  pairing_.end_turn();
  if (calling) pairing_.new_turn();
  if (convert) {
    pass_.edits.splice({legacy->begin, legacy->value.end},
                       "\"tool_calls\":[{\"id\":" + json_string(pairing_.call("")) +
                           ",\"type\":\"function\",\"function\":" + std::string{pass_.value(*legacy)} + "}]");
    drop("tool_calls");
  } else {
    drop("function_call");
  }
  for (const SeenCall& call : calls_) {
    if (pairing_.full()) return pass_.wrong("invalid_value", "tool_calls", "bring more than 65,536 calls");
    const std::string id = pairing_.call(call.id);
    if (!call.has_type) pass_.edits.insert(call.inside, "\"type\":\"function\",");
    if (!call.id_value.there()) {
      pass_.edits.insert(call.inside, "\"id\":" + json_string(id) + ",");
    } else if (id != call.id) {
      pass_.edits.replace(call.id_value, json_string(id));
    }
  }
  if (calling) pairing_.extend_turn(pass_.scan.offset());
  pass_.facts.tool_history |= calling;
  settle_content(calling);
  return true;
}

bool Message::settle_result() {
  const std::optional<ToolPairing::Result> found = pairing_.result(result_id_);
  if (!found) {
    pairing_.end_turn();
    settle_orphan();
    return true;
  }
  if (!found->in_place) {
    displaced_ = found->turn_end;
    return true;
  }
  pairing_.extend_turn(pass_.scan.offset());
  pass_.facts.tool_history = true;
  if (role_ == Role::function) pass_.edits.replace(member("role")->value, "\"tool\"");
  Element* const said = member("tool_call_id");
  if (said == nullptr) {
    add("\"tool_call_id\":" + json_string(found->id));
  } else if (found->id != result_id_) {
    pass_.edits.replace(said->value, json_string(found->id));
  }
  settle_content(false);
  return true;
}

// A result without its call: most providers refuse the whole conversation for it, so it is told as text.
void Message::settle_orphan() {
  pass_.edits.replace(member("role")->value, "\"user\"");
  drop("tool_call_id");
  drop("name");
  Element* const content = member("content");
  const std::string note{orphan_note};
  if (content_.kind == Content::Kind::parts) {
    const std::string part = "{\"type\":\"text\",\"text\":\"" + note + "\"},";
    if (content_.bracket.there()) {
      pass_.edits.splice(content_.bracket, "[" + part);
    } else {
      pass_.edits.insert(content_.bracket.begin, part);
    }
  } else if (content_.kind == Content::Kind::missing) {
    add("\"content\":\"" + note + "\"");
  } else if (content_.kind == Content::Kind::null) {
    pass_.edits.splice(content->value, "\"" + note + "\"");
  } else {
    const std::size_t quote = pass_.scan.text().find('"', content->value.begin);
    pass_.edits.insert(quote + 1, note);
  }
}

void Message::settle_content(bool may_be_absent) {
  if (may_be_absent) return;
  if (content_.kind == Content::Kind::missing) add("\"content\":\"\"");
  if (content_.kind == Content::Kind::null) pass_.edits.replace(member("content")->value, "\"\"");
}

}  // namespace freellmapi::chat
