#include "tools.hpp"

#include <algorithm>
#include <freellmapi/json.hpp>
#include <freellmapi/openai_tools.hpp>
#include <freellmapi/views.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "names.hpp"

namespace freellmapi::cohere {
namespace json = boost::json;
namespace {

constexpr std::size_t most_tools = 200;

/// What every schema is refused for.
void clean(json::value& schema) { sdk::erase_keywords(schema, {"additionalProperties", "$schema"}); }

/// It looks around itself, which the patterns of a schema may not.
bool looks_around(std::string_view pattern) noexcept {
  for (const std::string_view mark : {"(?=", "(?!", "(?<=", "(?<!"})
    if (pattern.find(mark) != pattern.npos) return true;
  return false;
}

/// Follows the references of a schema, each definition once.
class References {
 public:
  explicit References(json::value& root) {
    json::object* const object = root.if_object();
    for (const std::string_view name : {"$defs", "definitions"}) {
      json::value* const found = object == nullptr ? nullptr : object->if_contains(name);
      if (found != nullptr && definitions_ == nullptr) definitions_ = found->if_object();
    }
  }
  /// True when following them from `schema` comes back to where it is, or goes deeper than anybody means.
  bool recur(json::value& schema) {
    bool found = false;
    sdk::each_schema(schema, [&](json::object& object, int) {
      const std::string target(sdk::string_at(object, "$ref"));
      if (found || target.empty()) return;
      const std::string name = target.substr(target.rfind('/') + 1);
      found = target == "#" || std::find(open_.begin(), open_.end(), name) != open_.end() ||
              open_.size() == deepest;
      json::value* const definition = definitions_ == nullptr ? nullptr : definitions_->if_contains(name);
      if (found || definition == nullptr || !done_.insert(name).second) return;
      open_.push_back(name);
      found = recur(*definition);
      open_.pop_back();
    });
    return found;
  }

 private:
  static constexpr std::size_t deepest = 64;
  json::object* definitions_ = nullptr;
  std::vector<std::string> open_;
  std::set<std::string> done_;
};

/// What a schema is refused for where the answer must keep to it. Keywords that only narrow a value go, so
/// that its shape can still be kept. False when it has something that cannot be said otherwise.
bool loosen(json::value& schema) {
  sdk::erase_keywords(schema, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                               "minItems", "maxItems", "uniqueItems", "patternProperties", "not"});
  bool sayable = !References(schema).recur(schema);
  sdk::each_schema(schema, [&](json::object& object, int) {
    if (looks_around(sdk::string_at(object, "pattern"))) object.erase("pattern");
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
