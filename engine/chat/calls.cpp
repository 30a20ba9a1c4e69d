// Reading of one tool call in an assistant message.

#include "base/text.hpp"
#include "chat/message.hpp"

namespace freellmapi::chat {

namespace {

// The value of `arguments`, as a JSON string.
bool read_arguments(Pass& pass, bool& there) {
  there = true;
  JsonText text;
  switch (pass.scan.peek()) {
    case JsonType::string: {
      const std::size_t begin = pass.scan.offset();
      if (!pass.counted_text("arguments", text)) return false;
      if (text.raw.empty()) pass.edits.splice({begin, pass.scan.offset()}, "\"{}\"");
      return true;
    }
    case JsonType::object: {
      const std::size_t begin = pass.scan.offset();
      if (!pass.scan.skip()) return false;
      std::string as_string;
      base::append_json_string(as_string, pass.scan.view(begin, pass.scan.offset()));
      pass.count(as_string, 0);
      pass.edits.splice({begin, pass.scan.offset()}, std::move(as_string));
      return true;
    }
    case JsonType::null: {
      const std::size_t begin = pass.scan.offset();
      if (!pass.scan.skip()) return false;
      pass.edits.replace({begin, pass.scan.offset()}, "\"{}\"");
      return true;
    }
    default:
      return pass.wrong_type("arguments", "a string or an object");
  }
}

bool read_function(Pass& pass, std::string_view& called) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
  Members members(pass.scan);
  bool named = false, arguments = false;
  while (members.next()) {
    JsonText name;
    if (members.name() == "name") {
      if (!pass.counted_text("name", name)) return false;
      named = !name.raw.empty();
      called = name.raw;
    } else if (members.name() == "arguments") {
      if (!read_arguments(pass, arguments)) return false;
    } else {
      members.here().drop = pass.scan.peek() == JsonType::null;
      pass.facts.extras |= !members.here().drop;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!named) return pass.missing("name");
  if (!arguments) pass.edits.insert(members.inside(), "\"arguments\":\"{}\",");
  pass.edits.drop(members.all());
  return true;
}

}  // namespace

bool read_call(Pass& pass, SeenCall& out) {
  Members members(pass.scan);
  out.inside = members.inside();
  bool function = false;
  while (members.next()) {
    Element& here = members.here();
    JsonText text;
    if (members.name() == "id") {
      if (pass.scan.peek() == JsonType::null) {
        if (!pass.scan.skip()) return false;
      } else {
        if (!pass.text("id", text)) return false;
        out.id = text.unescaped();
      }
      out.id_value = {here.value.begin, pass.scan.offset()};
    } else if (members.name() == "function") {
      function = true;
      if (!read_function(pass, out.name)) return pass.within("function");
    } else if (pass.scan.peek() == JsonType::null || members.name() == "index") {
      here.drop = true;  // `index` is left over from a stream
      if (!pass.scan.skip()) return false;
    } else if (members.name() == "type") {
      if (!pass.text("type", text)) return false;
      here.drop = text.raw.empty();
      out.has_type = !here.drop;
      if (out.has_type && !text.is("function"))
        return pass.wrong("unsupported_value", "type", "must be function");
    } else {
      pass.facts.extras = true;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!function) return pass.missing("function");
  pass.edits.drop(members.all());
  return true;
}

}  // namespace freellmapi::chat
