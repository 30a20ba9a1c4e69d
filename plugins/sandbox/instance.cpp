#include "instance.hpp"

#include <algorithm>
#include <cmath>
#include <freellmapi/json.hpp>
#include <string>

namespace freellmapi::sandbox {
namespace json = boost::json;
namespace {

constexpr int deepest = 12;
constexpr int most_values = 4096;
constexpr std::size_t most_items = 16;
constexpr double longest_text = 1024;

class Maker {
 public:
  explicit Maker(const json::value& root) : root_(root) {}

  json::value make(const json::value& schema, std::string_view name, int depth) {
    const json::object* const object = schema.if_object();
    if (object == nullptr || depth > deepest || ++made_ > most_values) return nullptr;
    if (const json::value* const found = object->if_contains("const")) return *found;
    if (const json::value* const found = object->if_contains("default")) return *found;
    if (const json::array* const list = list_at(*object, "enum")) return list->front();
    if (const std::string_view ref = sdk::string_at(*object, "$ref"); !ref.empty()) {
      const json::value* const target = resolve(ref);
      return target == nullptr ? json::value(nullptr) : make(*target, name, depth + 1);
    }
    for (const std::string_view either : {"anyOf", "oneOf"})
      if (const json::array* const list = list_at(*object, either))
        return make(list->front(), name, depth + 1);
    if (const json::array* const list = list_at(*object, "allOf"))
      return together(*object, *list, name, depth);
    return of_type(*object, type_of(*object), name, depth);
  }

 private:
  static const json::array* list_at(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    return value == nullptr || !value->is_array() || value->get_array().empty() ? nullptr
                                                                                : &value->get_array();
  }

  static std::string_view type_of(const json::object& object) {
    if (const json::array* const list = list_at(object, "type"))
      for (const json::value& one : *list)
        if (one.is_string() && one.get_string() != "null") return one.get_string();
    const std::string_view type = sdk::string_at(object, "type");
    if (!type.empty()) return type;
    if (object.contains("properties")) return "object";
    return object.contains("items") ? "array" : "string";
  }

  static double number_at(const json::object& object, std::string_view name, double otherwise) {
    const json::value* const value = object.if_contains(name);
    return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
  }

  /// "#/$defs/city"; the text's own depth bounds the walk.
  const json::value* resolve(std::string_view ref) const {
    if (ref == "#") return &root_;
    if (!ref.starts_with("#/")) return nullptr;
    boost::json::error_code error;
    return root_.find_pointer(ref.substr(1), error);
  }

  json::value together(const json::object& object, const json::array& list, std::string_view name,
                       int depth) {
    json::object out;
    const auto add = [&out](const json::value& value) {
      if (const json::object* const part = value.if_object())
        for (const auto& [key, member] : *part) out[key] = member;
    };
    for (const json::value& one : list) add(make(one, name, depth + 1));
    if (object.contains("properties")) add(of_type(object, "object", name, depth));
    return out;
  }

  json::value of_type(const json::object& object, std::string_view type, std::string_view name, int depth) {
    if (type == "object") return members(object, depth);
    if (type == "array") return items(object, name, depth);
    if (type == "boolean") return true;
    if (type == "null") return nullptr;
    if (type == "integer" || type == "number") return number(object, type == "integer");
    std::string text = name.empty() ? "text" : std::string(name);
    const auto least =
        static_cast<std::size_t>(std::clamp(number_at(object, "minLength", 0), 0.0, longest_text));
    const auto most =
        static_cast<std::size_t>(std::clamp(number_at(object, "maxLength", longest_text), 0.0, longest_text));
    if (text.size() < least) text.resize(least, '.');
    if (text.size() > most) text.assign(most, 'x');
    return json::value(text);
  }

  static json::value number(const json::object& object, bool whole) {
    double n = number_at(object, "minimum", number_at(object, "exclusiveMinimum", 0) + 1);
    n = std::min(n, number_at(object, "maximum", n));
    if (whole && std::abs(n) < 9e15) return static_cast<std::int64_t>(std::ceil(n));
    return n;
  }

  json::value members(const json::object& object, int depth) {
    json::object out;
    const json::object* const properties = sdk::object_at(object, "properties");
    if (properties == nullptr) return out;
    const json::array* const required = list_at(object, "required");
    for (const auto& [name, schema] : *properties) {
      const bool wanted = required == nullptr ||
                          std::find(required->begin(), required->end(), json::value(name)) != required->end();
      if (wanted) out[name] = make(schema, name, depth + 1);
    }
    return out;
  }

  json::value items(const json::object& object, std::string_view name, int depth) {
    json::array out;
    const json::value* const item = object.if_contains("items");
    const double least = std::clamp(number_at(object, "minItems", 1), 1.0, static_cast<double>(most_items));
    const double most = number_at(object, "maxItems", least);
    for (double n = 0; item != nullptr && n < std::min(least, most); ++n)
      out.push_back(make(*item, name, depth + 1));
    return out;
  }

  const json::value& root_;
  int made_ = 0;
};

}  // namespace

json::value instance_of(const json::value& schema) { return Maker(schema).make(schema, {}, 1); }

}  // namespace freellmapi::sandbox
