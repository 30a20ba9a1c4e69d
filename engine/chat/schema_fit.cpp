// Mending what a model wrote in the wrong form, where there is no doubt what it meant.
#include <utility>

#include "base/text.hpp"
#include "chat/schema.hpp"

namespace freellmapi::chat {

namespace {

// Each mending reads the text anew.
constexpr std::size_t most_mendings = 24, most_mendings_of_long = 3;
constexpr std::size_t long_text = std::size_t{64} << 10;

bool allows(std::uint32_t types, JsonType type, std::string_view json) {
  if ((types & type_bit(type)) != 0) return true;
  return type == JsonType::number && (types & integer_bit) != 0 && json.find_first_of(".eE") == json.npos;
}

/// The value inside a text, when the schema asks for one of its kind.
bool unpacked(const JsonTree::Value& value, std::uint32_t types, std::string& json) {
  const JsonTree inner{std::string{base::trim(value.string.unescaped())}};
  if (!inner.sound() || !allows(types, inner.at(JsonTree::root).type, inner.whole())) return false;
  json = inner.whole();
  return true;
}

std::string without_member(const JsonTree& tree, JsonTree::Id holder, JsonTree::Id member) {
  JsonTree::Id before = JsonTree::none;
  for (JsonTree::Id id = tree.at(holder).child; id != member; id = tree.at(id).next) before = id;
  const JsonTree::Id after = tree.at(member).next;
  const std::size_t from =
      after == JsonTree::none && before != JsonTree::none ? tree.at(before).end : tree.at(member).from;
  const std::size_t to = after != JsonTree::none ? tree.at(after).from : tree.at(member).end;
  return std::string{tree.whole()}.erase(from, to - from);
}

/// The text with one fault mended; "" when that is not to be done.
std::string mended(const JsonTree& tree, const Mismatch& fault) {
  if (fault.types == 0 || fault.value == JsonTree::none) return {};
  const JsonTree::Value& value = tree.at(fault.value);
  std::string with;
  if (value.type == JsonType::string) {
    if (!unpacked(value, fault.types, with)) return {};
  } else if (value.type == JsonType::number || value.type == JsonType::boolean) {
    if (fault.types != type_bit(JsonType::string) &&
        fault.types != (type_bit(JsonType::string) | type_bit(JsonType::null)))
      return {};
    with = base::json_string(tree.text(fault.value));
  } else if (value.type == JsonType::null && fault.holder != JsonTree::none) {
    return without_member(tree, fault.holder, fault.value);
  } else {
    return {};
  }
  return std::string{tree.whole()}.replace(value.begin, value.end - value.begin, with);
}

}  // namespace

bool fit_to_schema(std::string& json, std::string_view schema, std::size_t& steps) {
  if (schema.empty()) return true;
  const JsonTree tree{std::string{schema}};
  return !tree.sound() || fit_to_schema(json, tree, JsonTree::root, steps);
}

bool fit_to_schema(std::string& json, const JsonTree& schema, JsonTree::Id root, std::size_t& steps) {
  std::size_t left = json.size() > long_text ? most_mendings_of_long : most_mendings;
  for (;;) {
    const JsonTree value{json};
    if (!value.sound()) return value.too_large();
    SchemaCheck check(schema, root, value, steps);
    const Judgement said = check.judge();
    steps = check.steps();
    if (said != Judgement::invalid) {
      json = value.whole();
      return true;
    }
    if (left-- == 0) return false;
    std::string better = mended(value, check.mismatch());
    if (better.empty()) return false;
    json = std::move(better);
  }
}

}  // namespace freellmapi::chat
