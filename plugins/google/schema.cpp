#include "schema.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <freellmapi/json.hpp>
#include <freellmapi/views.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "schema_fields.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;

constexpr std::string_view placeholder = "unused";

enum class Takes { text, count, number, any, names };
struct Keyword {
  std::string_view name;
  std::string_view type;  // "": of every type
  Takes takes;
};
constexpr std::array<Keyword, 15> kept_keywords{{{"title", "", Takes::text},
                                                 {"description", "", Takes::text},
                                                 {"default", "", Takes::any},
                                                 {"example", "", Takes::any},
                                                 {"pattern", "string", Takes::text},
                                                 {"minLength", "string", Takes::count},
                                                 {"maxLength", "string", Takes::count},
                                                 {"minimum", "number", Takes::number},
                                                 {"maximum", "number", Takes::number},
                                                 {"minItems", "array", Takes::count},
                                                 {"maxItems", "array", Takes::count},
                                                 {"minProperties", "object", Takes::count},
                                                 {"maxProperties", "object", Takes::count},
                                                 {"propertyOrdering", "object", Takes::names},
                                                 {"required", "object", Takes::names}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known_formats{{{"string", "enum"},
                                                                                      {"string", "date-time"},
                                                                                      {"integer", "int32"},
                                                                                      {"integer", "int64"},
                                                                                      {"number", "float"},
                                                                                      {"number", "double"}}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string plain_text(const json::value& v) {
  if (const auto* s = v.if_string()) return std::string(std::string_view(*s));
  return json::serialize(v);
}

std::string inferred_type(const Fields& fields) {
  if (!fields.properties().empty()) return "object";
  if (fields.get("items") != nullptr || fields.get("prefixItems") != nullptr) return "array";
  if (fields.get("minimum") != nullptr || fields.get("maximum") != nullptr) return "number";
  return "string";
}

class Converter {
 public:
  Converter(const json::value& root, json::storage_ptr storage)
      : references_(root), storage_(std::move(storage)) {}

  json::object convert(const json::value& schema, std::size_t depth) {
    if (++nodes_ > 4096 || depth > 64) throw sdk::Failure{FREELLM_E_INVALID};
    json::object out(storage_);
    const json::object* const object = schema.if_object();
    if (object == nullptr) {  // true, false, or nothing sensible
      out["type"] = "string";
      return out;
    }
    const References::Scope scope(references_);
    Fields fields;
    fields.add(*object, references_);
    bool nullable = fields.flag("nullable");
    std::vector<const json::value*> members = union_of(fields, nullable);
    for (int rounds = 0; members.size() == 1 && rounds < 8; ++rounds) {
      fields.drop_union();
      fields.add(members.front()->get_object(), references_);
      nullable = nullable || fields.flag("nullable");
      members = union_of(fields, nullable);
    }
    if (members.size() > 1 && fields.properties().empty() && fields.get("enum") == nullptr &&
        fields.get("items") == nullptr) {
      json::array any(storage_);
      for (const json::value* member : members) any.emplace_back(convert(*member, depth + 1));
      out["anyOf"] = std::move(any);
      keep(fields, "", out);
    } else {
      plain(fields, nullable, depth, out);
    }
    if (nullable) out["nullable"] = true;
    return out;
  }

 private:
  // The members of a union that say what they are; null among them becomes `nullable`.
  std::vector<const json::value*> union_of(const Fields& fields, bool& nullable) const {
    std::vector<const json::value*> members;
    for (const std::string_view name : {"anyOf", "oneOf"}) {
      const json::value* const list = fields.get(name);
      if (list == nullptr || !list->is_array()) continue;
      for (const json::value& member : list->get_array()) {
        const json::object* const object = member.if_object();
        if (object == nullptr) continue;
        const json::value* const type = object->if_contains("type");
        const json::value* const only = object->if_contains("const");
        if ((type != nullptr && type->is_string() && lower(type->get_string()) == "null") ||
            (only != nullptr && only->is_null())) {
          nullable = true;
        } else if (says_what_it_is(*object)) {
          members.push_back(&member);
        }
      }
    }
    return members;
  }

  static bool says_what_it_is(const json::object& schema) {
    for (const std::string_view name :
         {"type", "$ref", "enum", "const", "properties", "items", "anyOf", "oneOf", "allOf"})
      if (schema.contains(name)) return true;
    return false;
  }

  void plain(const Fields& fields, bool& nullable, std::size_t depth, json::object& out) {
    std::string type = declared_type(fields, nullable);
    if (type.empty()) type = inferred_type(fields);
    values(fields, type, nullable, out);
    out["type"] = type;
    if (type == "object") properties(fields, depth, out);
    if (type == "array") out["items"] = items(fields, depth);
    if (const json::value* const format = fields.get("format"); format != nullptr && format->is_string())
      for (const auto& [of, name] : known_formats)
        if (of == type && name == std::string_view(format->get_string())) out["format"] = *format;
    keep(fields, type, out);
  }

  static std::string declared_type(const Fields& fields, bool& nullable) {
    const json::value* const type = fields.get("type");
    if (type == nullptr) return {};
    std::string first;
    const auto take = [&](const json::value& one) {
      const std::string name = one.is_string() ? lower(one.get_string()) : std::string();
      if (name == "null") nullable = true;
      for (const std::string_view known : {"string", "number", "integer", "boolean", "array", "object"})
        if (first.empty() && name == known) first = name;
    };
    if (type->is_array()) {
      for (const json::value& one : type->get_array()) take(one);
    } else {
      take(*type);
    }
    return first;
  }

  // enum and const. Gemini's enum is a list of strings that are not empty.
  void values(const Fields& fields, std::string& type, bool& nullable, json::object& out) const {
    std::vector<const json::value*> all;
    if (const json::value* const list = fields.get("enum"); list != nullptr && list->is_array())
      for (const json::value& one : list->get_array()) all.push_back(&one);
    if (const json::value* const only = fields.get("const")) all.assign(1, only);
    bool any_text = false, all_numbers = true, all_whole = true;
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const json::value* one : all) {
      if (one->is_null()) {
        nullable = true;
        continue;
      }
      any_text = any_text || one->is_string();
      if (!one->is_number()) {
        all_numbers = false;
        continue;
      }
      all_whole = all_whole && !one->is_double();
      least = std::min(least, one->to_number<double>());
      most = std::max(most, one->to_number<double>());
    }
    if (any_text) {
      type = "string";
      json::array texts(storage_);
      for (const json::value* one : all)
        if (const std::string text = one->is_null() ? "" : plain_text(*one); !text.empty())
          texts.emplace_back(text);
      if (!texts.empty()) out["enum"] = std::move(texts);
    } else if (!all.empty() && all_numbers && least <= most) {
      if (type != "integer" && type != "number") type = all_whole ? "integer" : "number";
      out["minimum"] = number(least, all_whole);
      out["maximum"] = number(most, all_whole);
    } else if (!all.empty() && !all_numbers &&
               std::all_of(all.begin(), all.end(),
                           [](const json::value* one) { return one->is_bool() || one->is_null(); })) {
      type = "boolean";
    }
  }

  static json::value number(double value, bool whole) {
    constexpr double safe = 9e15;
    if (whole && value > -safe && value < safe) return static_cast<std::int64_t>(value);
    return value;
  }

  void properties(const Fields& fields, std::size_t depth, json::object& out) {
    json::object all(storage_);
    for (const json::object* part : fields.properties())
      for (const auto& [name, schema] : *part)
        if (!all.contains(name)) all.emplace(name, convert(schema, depth + 1));
    if (all.empty()) {
      json::object unused(storage_);
      unused["type"] = "string";
      unused["description"] = "Not used; leave it out.";
      all.emplace(placeholder, std::move(unused));
    }
    out["properties"] = std::move(all);
  }

  json::object items(const Fields& fields, std::size_t depth) {
    const json::value* found = fields.get("items");
    if (found == nullptr || found->is_bool()) found = fields.get("prefixItems");
    if (found != nullptr && found->is_array())
      found = found->get_array().empty() ? nullptr : &found->get_array()[0];
    if (found != nullptr) return convert(*found, depth + 1);
    json::object text(storage_);
    text["type"] = "string";
    return text;
  }

  void keep(const Fields& fields, std::string_view type, json::object& out) const {
    const std::string_view kind = type == "integer" ? "number" : type;
    for (const Keyword& keyword : kept_keywords) {
      if (!keyword.type.empty() && keyword.type != kind) continue;
      const json::value* const value = fields.get(keyword.name);
      if (keyword.takes == Takes::names) {
        names(fields, keyword.name, out);
        continue;
      }
      if (value == nullptr || out.contains(keyword.name)) continue;
      if (keyword.takes == Takes::text && !value->is_string()) continue;
      if (keyword.takes == Takes::number && !value->is_number()) continue;
      if (keyword.takes == Takes::count && (!value->is_int64() || value->get_int64() < 0)) continue;
      if (keyword.takes == Takes::any && value->is_null()) continue;
      out[keyword.name] = *value;
    }
  }

  // A list of property names may name only those that are there.
  void names(const Fields& fields, std::string_view keyword, json::object& out) const {
    json::array kept(storage_);
    const json::value* const all = out.if_contains("properties");
    std::unordered_set<std::string_view> seen;
    const auto take = [&](const json::array& list) {
      for (const json::value& name : list)
        if (name.is_string() && all != nullptr && all->get_object().contains(name.get_string()) &&
            seen.insert(name.get_string()).second)
          kept.push_back(name);
    };
    if (keyword == "required") {
      for (const json::array* list : fields.required()) take(*list);
    } else if (const json::value* const list = fields.get(keyword); list != nullptr && list->is_array()) {
      take(list->get_array());
    }
    if (!kept.empty()) out[keyword] = std::move(kept);
  }

  References references_;
  json::storage_ptr storage_;
  std::size_t nodes_ = 0;
};

}  // namespace

json::object gemini_schema(const json::value& schema, const json::value& root, json::storage_ptr storage) {
  return Converter(root, std::move(storage)).convert(schema, 0);
}

bool takes_nothing(const json::object& converted) {
  const json::value* const all = converted.if_contains("properties");
  const json::object* const object = all == nullptr ? nullptr : all->if_object();
  return object != nullptr && object->size() == 1 && object->begin()->key() == placeholder &&
         sdk::string_at(object->begin()->value().get_object(), "description").starts_with("Not used");
}

}  // namespace freellmapi::google
