#include "arguments.hpp"

#include <freellmapi/json.hpp>
#include <utility>

namespace freellmapi::zhipu {
namespace json = boost::json;
namespace {

constexpr int deepest = 32;

/// The kinds of value a schema allows, as far as we need to know them.
struct Kinds {
  bool text = false, list = false, object = false;
};

void add_kind(std::string_view type, Kinds& kinds) noexcept {
  kinds.text = kinds.text || type == "string";
  kinds.list = kinds.list || type == "array";
  kinds.object = kinds.object || type == "object";
}

const json::array* array_at(const json::object& object, std::string_view name) noexcept {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

Kinds kinds_of(const json::object& schema, int depth) {
  Kinds kinds;
  if (depth > deepest) return kinds;
  add_kind(sdk::string_at(schema, "type"), kinds);
  if (const json::array* const types = array_at(schema, "type"))
    for (const json::value& type : *types)
      if (type.is_string()) add_kind(type.get_string(), kinds);
  for (const std::string_view name : {"anyOf", "oneOf"}) {
    const json::array* const branches = array_at(schema, name);
    if (branches == nullptr) continue;
    for (const json::value& branch : *branches) {
      if (!branch.is_object()) continue;
      const Kinds more = kinds_of(branch.get_object(), depth + 1);
      kinds.text = kinds.text || more.text;
      kinds.list = kinds.list || more.list;
      kinds.object = kinds.object || more.object;
    }
  }
  return kinds;
}

bool mend(json::value& value, const json::object& schema, int depth) {
  if (depth > deepest) return false;
  bool changed = false;
  const Kinds kinds = kinds_of(schema, 0);
  if (value.is_string() && !kinds.text && (kinds.list || kinds.object)) {
    auto meant = sdk::parse_json(value.get_string());
    if (meant && ((kinds.list && meant->is_array()) || (kinds.object && meant->is_object()))) {
      value = std::move(*meant);
      changed = true;
    }
  }
  if (json::object* const object = value.if_object()) {
    const json::object* const properties = sdk::object_at(schema, "properties");
    if (properties == nullptr) return changed;
    for (auto& member : *object)
      if (const json::object* const inner = sdk::object_at(*properties, member.key()))
        changed = mend(member.value(), *inner, depth + 1) || changed;
  } else if (json::array* const list = value.if_array()) {
    if (const json::object* const items = sdk::object_at(schema, "items"))
      for (json::value& item : *list) changed = mend(item, *items, depth + 1) || changed;
  }
  return changed;
}

const json::object* parameters_of(const json::array& tools, std::string_view name) {
  for (const json::value& tool : tools) {
    const json::object* const function =
        tool.is_object() ? sdk::object_at(tool.get_object(), "function") : nullptr;
    if (function != nullptr && sdk::string_at(*function, "name") == name)
      return sdk::object_at(*function, "parameters");
  }
  return nullptr;
}

}  // namespace

bool takes_nested(const json::array& tools, std::string_view name) {
  const json::object* const schema = parameters_of(tools, name);
  const json::object* const properties = schema == nullptr ? nullptr : sdk::object_at(*schema, "properties");
  if (properties == nullptr) return false;
  for (const auto& [key, property] : *properties) {
    if (!property.is_object()) continue;
    const Kinds kinds = kinds_of(property.get_object(), 0);
    if (kinds.list || kinds.object) return true;
  }
  return false;
}

std::string mend_arguments(const json::array& tools, std::string_view name, std::string arguments) {
  const json::object* const schema = parameters_of(tools, name);
  if (schema == nullptr) return arguments;
  auto value = sdk::parse_json(arguments);
  if (!value || !value->is_object() || !mend(*value, *schema, 0)) return arguments;
  return json::serialize(*value);
}

}  // namespace freellmapi::zhipu
