#include "schema_fields.hpp"

#include <algorithm>
#include <array>
#include <freellmapi/views.hpp>
#include <string>

namespace freellmapi::google {
namespace {

namespace json = boost::json;

constexpr int deepest_merge = 32;  // allOf in allOf, references to references
constexpr std::size_t most_open = 512;

// What is looked at by anyone; a schema's own inventions need not be gathered.
constexpr std::array<std::string_view, 23> known_keywords{
    "type",        "nullable",    "enum",          "const",         "anyOf",           "oneOf",
    "items",       "prefixItems", "format",        "title",         "default",         "example",
    "description", "pattern",     "minLength",     "maxLength",     "minimum",         "maximum",
    "minItems",    "maxItems",    "minProperties", "maxProperties", "propertyOrdering"};

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A reference is a URL fragment: %24defs is $defs.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

const json::value* References::find(std::string_view reference) const {
  if (!reference.starts_with('#')) return nullptr;
  const std::string pointer = percent_decoded(reference.substr(1));
  if (pointer.empty()) return &root_;
  boost::system::error_code error;
  return root_.find_pointer(pointer, error);
}

bool References::open(const json::value* target) {
  if (open_.size() >= most_open) throw sdk::Failure{FREELLM_E_INVALID};
  if (std::find(open_.begin(), open_.end(), target) != open_.end()) return false;
  open_.push_back(target);
  return true;
}

void Fields::add(const json::object& schema, References& references, int depth) {
  if (depth > deepest_merge) throw sdk::Failure{FREELLM_E_INVALID};
  const json::value* reference = nullptr;
  const json::value* all_of = nullptr;
  for (const auto& [key, value] : schema) {
    const std::string_view name = key;
    if (name == "$ref") {
      reference = &value;
    } else if (name == "allOf") {
      all_of = &value;
    } else if (name == "properties") {
      if (value.is_object() && !value.get_object().empty()) properties_.push_back(&value.get_object());
    } else if (name == "required") {
      if (value.is_array()) required_.push_back(&value.get_array());
    } else {
      add_one(name, value);
    }
  }
  if (reference != nullptr && reference->is_string()) {
    const json::value* const target = references.find(reference->get_string());
    const json::object* const object = target == nullptr ? nullptr : target->if_object();
    if (object != nullptr && references.open(target)) {
      add(*object, references, depth + 1);
    } else if (object != nullptr) {
      for (const std::string_view name : {"type", "description"})
        if (const json::value* const value = object->if_contains(name)) add_one(name, *value);
    }
  }
  if (all_of != nullptr && all_of->is_array())
    for (const json::value& part : all_of->get_array())
      if (part.is_object()) add(part.get_object(), references, depth + 1);
}

void Fields::drop_union() {
  std::erase_if(fields_, [](const auto& field) { return field.first == "anyOf" || field.first == "oneOf"; });
}

const json::value* Fields::get(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_)
    if (key == name) return value;
  return nullptr;
}

bool Fields::flag(std::string_view name) const noexcept {
  const json::value* const value = get(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

void Fields::add_one(std::string_view name, const json::value& value) {
  const bool known = std::find(known_keywords.begin(), known_keywords.end(), name) != known_keywords.end();
  if (known && get(name) == nullptr) fields_.emplace_back(name, &value);
}

}  // namespace freellmapi::google
