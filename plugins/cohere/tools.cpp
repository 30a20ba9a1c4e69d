#include "tools.hpp"

#include <freellmapi/json.hpp>
#include <freellmapi/openai_tools.hpp>
#include <freellmapi/views.hpp>
#include <utility>

#include "names.hpp"

namespace freellmapi::cohere {
namespace json = boost::json;
namespace {

constexpr std::size_t most_tools = 200;

/// What every schema is refused for.
void clean(json::value& schema) { sdk::erase_keywords(schema, {"additionalProperties", "$schema"}); }

/// What a schema is refused for where the answer must keep to it. Keywords that only narrow a value go, so
/// that its shape can still be kept. False when it has something that cannot be said otherwise.
bool loosen(json::value& schema) {
  sdk::erase_keywords(schema, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                               "minItems", "maxItems", "uniqueItems", "patternProperties", "not"});
  bool sayable = true;
  sdk::each_schema(schema, [&](json::object& object, int) {
    if (object.contains("allOf")) sayable = false;
    json::value* const one = object.if_contains("oneOf");
    if (one == nullptr) return;
    if (object.contains("anyOf")) {
      sayable = false;
      return;
    }
    json::value moved = std::move(*one);
    object.erase("oneOf");
    object["anyOf"] = std::move(moved);
  });
  return sayable;
}

}  // namespace

void settle_tools(json::array& tools, std::string_view only) {
  if (tools.size() > most_tools) throw sdk::Failure{FREELLM_E_INVALID};
  sdk::close_tools(tools);
  json::array kept(tools.storage());
  for (json::value& tool : tools) {
    json::object* const function = sdk::function_of(tool);
    if (function == nullptr) throw sdk::Failure{FREELLM_E_INVALID};
    const std::string_view name = sdk::string_at(*function, "name");
    if (!only.empty() && name != only) continue;
    if (json::value* const schema = function->if_contains("parameters")) {
      clean(*schema);
      const json::value* const strict = function->if_contains("strict");
      if (strict != nullptr && *strict == json::value(true) && !loosen(*schema)) function->erase("strict");
    }
    (*function)["name"] = told_name(name);
    kept.push_back(std::move(tool));
  }
  if (kept.empty()) throw sdk::Failure{FREELLM_E_INVALID};
  tools = std::move(kept);
}

void settle_format(json::object& format) {
  sdk::close_response_format(format);
  json::value* const described = format.if_contains("json_schema");
  json::value* const schema = described == nullptr || !described->is_object()
                                  ? nullptr
                                  : described->get_object().if_contains("schema");
  if (schema == nullptr || !schema->is_object()) throw sdk::Failure{FREELLM_E_INVALID};
  clean(*schema);
  if (!loosen(*schema)) throw sdk::Failure{FREELLM_E_INVALID};
  // At least one property must be required.
  json::object& root = schema->get_object();
  const json::value* const required = root.if_contains("required");
  if (required != nullptr && required->is_array() && !required->get_array().empty()) return;
  const json::object* const properties = sdk::object_at(root, "properties");
  if (properties == nullptr || properties->empty()) throw sdk::Failure{FREELLM_E_INVALID};
  root["required"] = json::array{json::value(properties->begin()->key())};
}

void rename_calls(json::object& message, std::string (*rename)(std::string_view)) {
  json::value* const calls = message.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return;
  for (json::value& call : calls->get_array()) {
    json::object* const function = sdk::function_of(call);
    if (function == nullptr) continue;
    if (const std::string_view name = sdk::string_at(*function, "name"); !name.empty())
      (*function)["name"] = rename(name);
  }
}

}  // namespace freellmapi::cohere
