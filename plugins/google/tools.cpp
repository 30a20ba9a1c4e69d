#include "tools.hpp"

#include <boost/json.hpp>
#include <freellmapi/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "model.hpp"
#include "raw_json.hpp"
#include "schema.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

bool is_function(const json::object& tool) {
  const std::string_view type = sdk::string_at(tool, "type");
  return (type == "function" || type.empty()) && sdk::object_at(tool, "function") != nullptr;
}

void write_declaration(const json::object& function, const std::string& name,
                       const json::storage_ptr& storage, Writer& writer) {
  writer.put("{\"name\":");
  writer.put_string(name);
  if (const std::string_view text = sdk::string_at(function, "description"); !text.empty()) {
    writer.put(",\"description\":");
    writer.put_string(text);
  }
  if (const json::value* const schema = function.if_contains("parameters");
      schema != nullptr && schema->is_object()) {
    const json::object converted = gemini_schema(*schema, *schema, storage);
    if (!takes_nothing(converted)) {
      writer.put(",\"parameters\":");
      writer.put(json::serialize(converted));
    }
  }
  writer.put("}");
}

struct Choice {
  std::string_view mode = "AUTO";
  std::vector<std::string> only;
};

Choice read_choice(const Raw& raw) {
  Choice choice;
  if (raw.absent()) return choice;
  if (raw.is_string()) {
    if (raw.equals("none"))
      choice.mode = "NONE";
    else if (raw.equals("required") || raw.equals("any"))
      choice.mode = "ANY";
    else if (!raw.equals("auto"))
      refuse();
    return choice;
  }
  if (const Raw function = raw.at("function"); function.is_object()) {
    choice.mode = "ANY";
    choice.only.push_back(wire_name(function.at("name").unescaped()));
    return choice;
  }
  if (!raw.at("type").equals("allowed_tools")) refuse();
  const Raw allowed = raw.at("allowed_tools").is_object() ? raw.at("allowed_tools") : raw;
  // AUTO takes no list of names; VALIDATED does, and may talk instead as well.
  choice.mode = allowed.at("mode").equals("required") ? "ANY" : "VALIDATED";
  allowed.at("tools").each([&](Raw tool) {
    const Raw function = tool.at("function").is_object() ? tool.at("function") : tool;
    choice.only.push_back(wire_name(function.at("name").unescaped()));
  });
  return choice;
}

}  // namespace

bool write_tools(const sdk::Call& call, Commas& members) {
  const auto text = call.find("tools");
  if (!text) return false;
  const Choice choice = read_choice(Raw(call.find("tool_choice").value_or("")));
  const bool wants_json = call.has(FREELLM_CALL_JSON_OBJECT) || call.has(FREELLM_CALL_JSON_SCHEMA);
  if (choice.mode == "NONE" && wants_json) return false;

  json::monotonic_resource arena;
  const json::storage_ptr storage(&arena);
  const auto parsed = sdk::parse_json(*text, storage);
  if (!parsed || !parsed->is_array()) refuse();
  if (parsed->get_array().empty()) return false;

  Writer& writer = members.next();
  writer.put("\"tools\":[{\"functionDeclarations\":[");
  Commas declarations(writer);
  std::unordered_set<std::string> names;  // a name that is declared twice is refused
  for (const json::value& tool : parsed->get_array()) {
    if (!tool.is_object() || !is_function(tool.get_object())) refuse();
    const json::object& function = *sdk::object_at(tool.get_object(), "function");
    const std::string_view given = sdk::string_at(function, "name");
    if (given.empty()) refuse();
    const std::string name = wire_name(given);
    if (!names.insert(name).second) continue;
    declarations.next();
    write_declaration(function, name, storage, writer);
  }
  writer.put("]}]");
  members.next().put("\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"");
  writer.put(choice.mode);
  writer.put("\"");
  if (!choice.only.empty()) {
    writer.put(",\"allowedFunctionNames\":[");
    Commas allowed(writer);
    for (const std::string& name : choice.only) allowed.next().put_string(name);
    writer.put("]");
  }
  writer.put("}}");
  return true;
}

}  // namespace freellmapi::google
