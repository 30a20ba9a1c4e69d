#include "chat/schema_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

namespace freellmapi::chat {

namespace {

// Restrictions that are not judged here.
constexpr std::array<std::string_view, 16> opaque_words{"pattern",
                                                        "format",
                                                        "patternProperties",
                                                        "propertyNames",
                                                        "if",
                                                        "contains",
                                                        "minContains",
                                                        "maxContains",
                                                        "dependencies",
                                                        "dependentRequired",
                                                        "dependentSchemas",
                                                        "unevaluatedProperties",
                                                        "unevaluatedItems",
                                                        "$dynamicRef",
                                                        "$recursiveRef",
                                                        "disallow"};

constexpr std::size_t longest_type = 48;  // "integer", every letter escaped

// 0 for a word that names no type: it then restricts nothing.
std::uint32_t types_named(const JsonText& word) {
  if (word.raw.size() > longest_type) return 0;
  std::string name = word.unescaped();
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (name == "null") return type_bit(JsonType::null);
  if (name == "boolean") return type_bit(JsonType::boolean);
  if (name == "integer") return integer_bit;
  if (name == "number") return type_bit(JsonType::number) | integer_bit;
  if (name == "string") return type_bit(JsonType::string);
  if (name == "array") return type_bit(JsonType::array);
  if (name == "object") return type_bit(JsonType::object);
  return 0;
}

std::uint32_t types_of(const JsonTree& tree, JsonTree::Id id) {
  if (tree.at(id).type == JsonType::string) return types_named(tree.at(id).string);
  if (tree.at(id).type != JsonType::array) return 0;
  std::uint32_t types = 0;
  for (JsonTree::Id one = tree.at(id).child; one != JsonTree::none; one = tree.at(one).next) {
    const std::uint32_t named = tree.at(one).type == JsonType::string ? types_named(tree.at(one).string) : 0U;
    if (named == 0) return 0;
    types |= named;
  }
  return types;
}

}  // namespace

double number_of(std::string_view json) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // Too large or too small: a negative exponent says which.
  const bool tiny = json.find("e-") != json.npos || json.find("E-") != json.npos;
  const double huge = std::numeric_limits<double>::infinity();
  return tiny ? 0 : json.starts_with('-') ? -huge : huge;
}

SchemaCheck::Rules SchemaCheck::read_rules(Id schema) {
  Rules rules;
  const JsonTree& tree = schema_;
  for (Id id = tree.at(schema).child; id != JsonTree::none; id = tree.at(id).next) {
    if (!step()) {
      rules.opaque = true;
      return rules;
    }
    const JsonText& name = tree.at(id).name;
    const JsonType type = tree.at(id).type;
    const auto number = [&](std::optional<double>& out) {
      if (type == JsonType::number) out = counted(tree.text(id));
    };
    const auto flag = [&] { return type == JsonType::boolean && tree.text(id) == "true"; };
    const auto schema_at = [&](Id& out) {
      if (type == JsonType::object || type == JsonType::boolean) out = id;
    };
    const auto list_at = [&](Id& out) {
      if (type == JsonType::array) out = id;
    };
    const std::string_view word = name.raw;
    if (word == "type") {
      steps_ += tree.at(id).size;
      rules.types = types_of(tree, id);
    } else if (word == "nullable") {
      rules.nullable = flag();
    } else if (word == "$ref") {
      if (type == JsonType::string) rules.ref = id;
    } else if (word == "enum") {
      list_at(rules.one_of_values);
    } else if (word == "const") {
      rules.constant = id;
    } else if (word == "properties") {
      if (type == JsonType::object) rules.properties = id;
    } else if (word == "required") {
      list_at(rules.required);
    } else if (word == "additionalProperties") {
      schema_at(rules.more_members);
    } else if (word == "items") {
      list_at(rules.first_items);
      schema_at(rules.items);
    } else if (word == "prefixItems") {
      list_at(rules.first_items);
    } else if (word == "additionalItems") {
      schema_at(rules.more_items);
    } else if (word == "allOf") {
      list_at(rules.all_of);
    } else if (word == "anyOf") {
      list_at(rules.any_of);
    } else if (word == "oneOf") {
      list_at(rules.one_of);
    } else if (word == "not") {
      schema_at(rules.negated);
    } else if (word == "minimum") {
      number(rules.minimum);
    } else if (word == "maximum") {
      number(rules.maximum);
    } else if (word == "exclusiveMinimum") {
      rules.above_minimum = flag();
      number(rules.above);
    } else if (word == "exclusiveMaximum") {
      rules.below_maximum = flag();
      number(rules.below);
    } else if (word == "multipleOf") {
      number(rules.multiple);
    } else if (word == "minLength") {
      number(rules.min_length);
    } else if (word == "maxLength") {
      number(rules.max_length);
    } else if (word == "minItems") {
      number(rules.min_items);
    } else if (word == "maxItems") {
      number(rules.max_items);
    } else if (word == "minProperties") {
      number(rules.min_members);
    } else if (word == "maxProperties") {
      number(rules.max_members);
    } else if (word == "uniqueItems") {
      rules.unique = flag();
    } else if (std::find(opaque_words.begin(), opaque_words.end(), word) != opaque_words.end()) {
      rules.opaque = true;
      rules.open_members |= word == "patternProperties";
    }
  }
  return rules;
}

}  // namespace freellmapi::chat
