#include "chat/tools.hpp"

#include <optional>

#include "base/text.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_tools = 4'096;
constexpr std::size_t longest_name = 256;

bool read_name(Pass& pass, JsonText& out) {
  if (!pass.text("name", out)) return false;
  if (out.raw.empty()) return pass.wrong("invalid_value", "name", "must not be empty");
  if (out.raw.size() > longest_name)
    return pass.wrong("invalid_value", "name", "is longer than 256 characters");
  return true;
}

bool read_object(Pass& pass, std::string_view param) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type(param, "an object");
  return pass.scan.skip();
}

// Reads null as absent.
bool null_dropped(Pass& pass, Members& members, bool& was_null) {
  was_null = pass.scan.peek() == JsonType::null;
  members.here().drop = was_null;
  return !was_null || pass.scan.skip();
}

bool read_function(Pass& pass) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
  Members members(pass.scan);
  bool named = false;
  Pass::SeenTool seen;
  while (members.next()) {
    const std::string_view name = members.name();
    JsonText text;
    bool flag = false, null = false;
    if (name == "name") {
      if (!read_name(pass, seen.name)) return false;
      named = true;
      continue;
    }
    if (!null_dropped(pass, members, null)) return false;
    if (null) continue;
    if (name == "description") {
      if (!pass.text(name, text)) return false;
    } else if (name == "parameters") {
      const std::size_t begin = pass.scan.offset();
      if (!read_object(pass, name)) return false;
      seen.parameters = pass.scan.view(begin, pass.scan.offset());
    } else if (name == "strict") {
      if (pass.scan.peek() != JsonType::boolean) return pass.wrong_type(name, "a boolean");
      if (!pass.scan.boolean(flag)) return false;
    } else {
      members.here().drop = true;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!named) return pass.missing("name");
  pass.edits.drop(members.all());
  pass.tools.push_back(seen);
  return true;
}

bool read_tool(Pass& pass) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
  Members members(pass.scan);
  bool typed = false, function = false;
  while (members.next()) {
    JsonText type;
    if (members.name() == "type" && pass.scan.peek() != JsonType::null) {
      if (!pass.text("type", type)) return false;
      if (!type.is("function")) return pass.wrong("unsupported_value", "type", "must be function");
      typed = true;
    } else if (members.name() == "function") {
      if (!read_function(pass)) return pass.within("function");
      function = true;
    } else {
      members.here().drop = true;
      if (!pass.scan.skip()) return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!function) return pass.missing("function");
  if (!typed) pass.edits.insert(members.inside(), "\"type\":\"function\",");
  pass.edits.drop(members.all());
  return true;
}

// The words of tool_choice, in a string or as the type of an object.
std::optional<std::string_view> choice_word(const JsonText& text) {
  if (text.is("auto")) return "\"auto\"";
  if (text.is("none")) return "\"none\"";
  if (text.is("required") || text.is("any")) return "\"required\"";
  return std::nullopt;
}

bool choice_of_name(std::string_view name, std::string& canonical) {
  canonical = "{\"type\":\"function\",\"function\":{\"name\":\"" + std::string{name} + "\"}}";
  return true;
}

bool read_choice_object(Pass& pass, std::string& canonical) {
  Members members(pass.scan);
  std::optional<JsonText> type, name, inner;
  while (members.next()) {
    if (members.name() == "type") {
      if (!pass.text("type", type.emplace())) return false;
    } else if (members.name() == "name") {
      if (!read_name(pass, name.emplace())) return false;
    } else if (members.name() == "function") {
      if (pass.scan.peek() != JsonType::object) return pass.wrong_type("function", "an object");
      Members function(pass.scan);
      while (function.next()) {
        if (function.name() == "name" ? !read_name(pass, inner.emplace()) : !pass.scan.skip())
          return pass.within("function");
      }
    } else if (!pass.scan.skip()) {
      return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (inner) return type && type->is("function") ? true : choice_of_name(inner->raw, canonical);
  if (name && (!type || type->is("function") || type->is("tool")))
    return choice_of_name(name->raw, canonical);
  if (type && choice_word(*type)) {
    canonical = *choice_word(*type);
    return true;
  }
  if (type && !type->is("function"))
    return pass.wrong("unsupported_value", "type", "must be function, auto, none or required");
  return pass.missing("function");
}

}  // namespace

bool read_tools(Pass& pass, std::size_t& count) {
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "an array");
  const std::size_t begin = pass.scan.offset();
  std::size_t comma = 0;
  pass.scan.enter();
  for (; pass.scan.next_item(comma); ++count) {
    if (count >= most_tools) return pass.wrong("invalid_value", "", "has more than 4,096 items");
    if (!read_tool(pass)) return pass.within("", count);
  }
  if (count > 0) pass.facts.schema_bytes += pass.scan.offset() - begin;
  return !pass.scan.failed();
}

bool read_functions(Pass& pass, std::string& as_tools) {
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "an array");
  std::size_t comma = 0, count = 0;
  pass.scan.enter();
  for (; pass.scan.next_item(comma); ++count) {
    if (count >= most_tools) return pass.wrong("invalid_value", "", "has more than 4,096 items");
    if (pass.scan.peek() != JsonType::object)
      return pass.wrong_type("[" + std::to_string(count) + "]", "an object");
    const std::size_t begin = pass.scan.offset();
    if (!pass.scan.skip()) return false;
    as_tools += count == 0 ? "[" : ",";
    as_tools += "{\"type\":\"function\",\"function\":";
    as_tools += pass.scan.view(begin, pass.scan.offset());
    as_tools += "}";
  }
  if (count > 0) as_tools += "]";
  return !pass.scan.failed();
}

bool read_tool_choice(Pass& pass, std::string& canonical) {
  if (pass.scan.peek() == JsonType::object) return read_choice_object(pass, canonical);
  if (pass.scan.peek() != JsonType::string) return pass.wrong_type("", "a string or an object");
  JsonText text;
  if (!pass.scan.string(text)) return false;
  const auto word = choice_word(text);
  if (!word) return pass.wrong("invalid_value", "", "must be none, auto, required or name a function");
  if (text.escaped || text.is("any")) canonical = *word;
  return true;
}

bool read_response_format(Pass& pass, bool& plain) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
  const std::size_t begin = pass.scan.offset();
  Members members(pass.scan);
  std::optional<JsonText> type;
  bool schema = false;
  while (members.next()) {
    if (members.name() == "type") {
      if (!pass.text("type", type.emplace())) return false;
    } else if (members.name() == "json_schema" && pass.scan.peek() != JsonType::null) {
      if (pass.scan.peek() != JsonType::object) return pass.wrong_type("json_schema", "an object");
      Members inner(pass.scan);
      bool named = false;
      while (inner.next()) {
        JsonText name;
        const bool is_name = inner.name() == "name";
        named |= is_name;
        schema |= inner.name() == "schema";
        if (is_name                    ? !read_name(pass, name)
            : inner.name() == "schema" ? !read_object(pass, "schema")
                                       : !pass.scan.skip())
          return pass.within("json_schema");
      }
      if (pass.scan.failed()) return false;
      if (!named) return pass.missing("json_schema.name");
      if (!schema) return pass.missing("json_schema.schema");
    } else if (!pass.scan.skip()) {
      return false;
    }
  }
  if (pass.scan.failed()) return false;
  if (!type) return pass.missing("type");
  plain = type->is("text");
  pass.facts.json_object = type->is("json_object");
  pass.facts.json_schema = type->is("json_schema");
  if (!plain && !pass.facts.json_object && !pass.facts.json_schema)
    return pass.wrong("invalid_value", "type", "must be text, json_object or json_schema");
  if (pass.facts.json_schema && !schema) return pass.missing("json_schema");
  if (!plain) pass.facts.schema_bytes += pass.scan.offset() - begin;
  return true;
}

}  // namespace freellmapi::chat
