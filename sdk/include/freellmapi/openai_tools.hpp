// freellmapi/openai_tools.hpp - for providers that refuse what they do not know inside tools and schemas.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::sdk {

/// Removes every member that is not named, and those that are null. True when something was removed.
inline bool keep_members(boost::json::object& object, std::initializer_list<std::string_view> known) {
  std::vector<std::string> strange;
  for (const auto& [name, value] : object)
    if (value.is_null() || std::find(known.begin(), known.end(), std::string_view(name)) == known.end())
      strange.emplace_back(name);
  for (const std::string& name : strange) object.erase(name);
  return !strange.empty();
}

/// The `function` of a tool or of a tool call; nullptr when it has none.
inline boost::json::object* function_of(boost::json::value& tool) {
  boost::json::object* const object = tool.if_object();
  boost::json::value* const function = object == nullptr ? nullptr : object->if_contains("function");
  return function == nullptr ? nullptr : function->if_object();
}

/// Brings tools into the closed shape {type, function: {name, description, strict, parameters}}. True when
/// something was removed.
inline bool close_tools(boost::json::array& tools) {
  bool changed = false;
  for (boost::json::value& tool : tools) {
    if (!tool.is_object()) continue;
    changed = keep_members(tool.get_object(), {"type", "function"}) || changed;
    if (boost::json::object* const function = function_of(tool))
      changed = keep_members(*function, {"name", "description", "strict", "parameters"}) || changed;
  }
  return changed;
}

/// Brings a response_format into the closed shape {type, json_schema: {name, description, strict, schema}}.
/// True when something was removed.
inline bool close_response_format(boost::json::object& format) {
  bool changed = keep_members(format, {"type", "json_schema"});
  boost::json::value* const inner = format.if_contains("json_schema");
  if (inner != nullptr && inner->is_object())
    changed = keep_members(inner->get_object(), {"name", "description", "strict", "schema"}) || changed;
  return changed;
}

/// Calls visit(boost::json::object&, depth) for a JSON schema and every schema inside it, the outer before
/// the inner. What only looks like a keyword - a property's name, a value under enum, const or default - is
/// no schema. `depth` begins at 1; the depth of the parsed text bounds it.
template <class Visit>
void each_schema(boost::json::value& schema, Visit&& visit, int depth = 1) {
  boost::json::object* const object = schema.if_object();
  if (object == nullptr) return;
  visit(*object, depth);
  for (const std::string_view name :
       {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
    if (boost::json::value* const named = object->if_contains(name); named != nullptr && named->is_object())
      for (auto& member : named->get_object()) each_schema(member.value(), visit, depth + 1);
  for (const std::string_view name : {"items", "additionalProperties", "contains", "propertyNames", "not",
                                      "if", "then", "else", "anyOf", "oneOf", "allOf", "prefixItems"}) {
    boost::json::value* const inner = object->if_contains(name);
    if (inner == nullptr) continue;
    if (boost::json::array* const list = inner->if_array()) {
      for (boost::json::value& one : *list) each_schema(one, visit, depth + 1);
    } else {
      each_schema(*inner, visit, depth + 1);
    }
  }
}

/// Erases the named keywords from a schema and from all inside it. True when there were any.
inline bool erase_keywords(boost::json::value& schema, std::initializer_list<std::string_view> keywords) {
  bool changed = false;
  each_schema(schema, [&](boost::json::object& object, int) {
    for (const std::string_view keyword : keywords) changed = object.erase(keyword) != 0 || changed;
  });
  return changed;
}

}  // namespace freellmapi::sdk
