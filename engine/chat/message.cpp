#include "chat/message.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "chat/names.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_calls = 1'024;
constexpr std::string_view orphan_note = "[Result of a tool call that is not part of this conversation]\\n";

using Named = MessageMember;
constexpr Names<static_cast<std::size_t>(Named::other)> member_names{
    {"role", "content", "name", "tool_call_id", "tool_calls", "function_call", "reasoning_content",
     "reasoning", "reasoning_details", "refusal"}};

constexpr Names<6> role_names{{"system", "developer", "user", "assistant", "tool", "function"}};
constexpr std::array roles{Role::system, Role::developer, Role::user,   Role::assistant,
                           Role::tool,   Role::function,  Role::unknown};

std::string json_string(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

}  // namespace

Element* Message::member(Named which) noexcept {
  const std::size_t place = places_[static_cast<std::size_t>(which)];
  return place == 0 ? nullptr : &members_.all()[place - 1];
}

void Message::drop(Named which) noexcept {
  if (Element* const found = member(which)) found->drop = true;
}

std::string_view Message::content() {
  const Element* const found = member(Named::content);
  return found == nullptr ? std::string_view{} : pass_.value(*found);
}

bool Message::read() {
  while (members_.to_next()) {
    Element& here = members_.here();
    const std::size_t which = member_names.find(here.name, here.key);
    places_[which] = static_cast<std::uint16_t>(members_.all().size());
    if (!read_member(static_cast<Named>(which), here)) return false;
  }
  return !pass_.scan.failed();
}

bool Message::read_role() {
  if (pass_.scan.peek() != JsonType::string) return pass_.wrong_type("role", "a string");
  const std::string_view word = pass_.scan.short_string();
  if (!word.empty()) {
    role_ = roles[role_names.find(word)];
  } else {
    JsonText text;
    if (!pass_.scan.string(text)) return false;
    role_ = roles[role_names.find(text.unescaped())];
  }
  return role_ != Role::unknown ||
         pass_.wrong("invalid_value", "role", "must be system, developer, user, assistant, tool or function");
}

bool Message::read_member(Named which, Element& element) {
  if (which == Named::role) return read_role();
  if (which == Named::content) return read_content(pass_, element, content_) || pass_.within("content");
  if (pass_.scan.peek() == JsonType::null) {
    element.drop = which != Named::tool_call_id;
    return pass_.scan.skip();
  }
  JsonText text;
  switch (which) {
    case Named::tool_calls:
      return read_calls(element);
    case Named::tool_call_id:
      if (!pass_.text(element.name, text)) return false;
      text.assign_to(result_id_);
      return true;
    case Named::name:
      if (!pass_.counted_text(element.name, text)) return false;
      element.drop = text.raw.empty();
      pass_.facts.names |= !element.drop;
      return true;
    case Named::function_call:
      return pass_.scan.peek() == JsonType::object ? pass_.scan.skip()
                                                   : pass_.wrong_type(element.name, "an object");
    case Named::reasoning_content:
    case Named::reasoning:
    case Named::refusal:
      if (!pass_.counted_text(element.name, text)) return false;
      element.drop = text.raw.empty();
      pass_.facts.reasoning_history |= !element.drop && which != Named::refusal;
      // Few providers take a refusal or `reasoning` back, though the former is in OpenAI's schema.
      pass_.facts.extras |= !element.drop && which != Named::reasoning_content;
      return true;
    default:
      pass_.facts.reasoning_history |= which == Named::reasoning_details;
      pass_.facts.extras = true;
      return pass_.scan.skip();
  }
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
    drop(Named::tool_calls);
    drop(Named::function_call);
    if (role_ == Role::tool || role_ == Role::function) {
      if (!settle_result()) return false;
      if (displaced_) return true;
    } else {
      pairing_.end_turn();
      drop(Named::tool_call_id);
      settle_content(false);
    }
  }
  pass_.edits.drop(members_.all());
  return true;
}

bool Message::settle_assistant() {
  drop(Named::tool_call_id);
  Element* const legacy = member(Named::function_call);
  const bool convert = legacy != nullptr && !legacy->drop && !has_calls();
  const bool calling = has_calls() || convert;
  pairing_.end_turn();
  if (calling) pairing_.new_turn();
  if (convert) {
    pass_.edits.splice({legacy->begin, legacy->value.end},
                       "\"tool_calls\":[{\"id\":" + json_string(pairing_.call("")) +
                           ",\"type\":\"function\",\"function\":" + std::string{pass_.value(*legacy)} + "}]");
    drop(Named::tool_calls);
  } else {
    drop(Named::function_call);
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
  if (role_ == Role::function) pass_.edits.replace(member(Named::role)->value, "\"tool\"");
  Element* const said = member(Named::tool_call_id);
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
  pass_.edits.replace(member(Named::role)->value, "\"user\"");
  drop(Named::tool_call_id);
  drop(Named::name);
  Element* const content = member(Named::content);
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
  if (content_.kind == Content::Kind::null) pass_.edits.replace(member(Named::content)->value, "\"\"");
}

}  // namespace freellmapi::chat
