// The judging of one value by one schema.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "chat/schema_rules.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_unique = 256;
constexpr std::size_t bytes_a_step = 32;  // of a text that is read through

/// Invalid stays, unknown taints.
Judgement both(Judgement a, Judgement b) noexcept {
  if (a == Judgement::invalid || b == Judgement::invalid) return Judgement::invalid;
  return a == Judgement::unknown ? a : b;
}

bool is_whole(std::string_view number) noexcept {
  if (number.find_first_of(".eE") == number.npos) return true;
  const double value = number_of(number);
  return std::isfinite(value) && std::floor(value) == value;
}

double code_points(const JsonText& text) {
  const std::string plain = text.unescaped();
  return static_cast<double>(std::count_if(
      plain.begin(), plain.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void SchemaCheck::count_bytes(std::size_t n) noexcept { steps_ += n / bytes_a_step; }

std::string SchemaCheck::plain(const JsonText& text) {
  count_bytes(text.raw.size());
  return text.unescaped();
}

double SchemaCheck::counted(std::string_view json) noexcept {
  count_bytes(json.size());
  return number_of(json);
}

// None when the steps are spent, too.
SchemaCheck::Id SchemaCheck::member_of(const JsonTree& tree, Id object, std::string_view name) {
  steps_ += tree.at(object).size * (1 + name.size() / bytes_a_step);
  return step() ? tree.member(object, name) : JsonTree::none;
}

Judgement SchemaCheck::wrong(Id value, std::uint32_t types) {
  mismatch_ = {value, JsonTree::none, types};
  return Judgement::invalid;
}

Judgement SchemaCheck::judge() { return check(root_, JsonTree::root); }

Judgement SchemaCheck::check(Id schema, Id value) {
  if (schema_.at(schema).type == JsonType::boolean)
    return schema_.text(schema) == "true" ? Judgement::valid : wrong(value);
  if (schema_.at(schema).type != JsonType::object || depth_ >= most_depth || !step())
    return Judgement::unknown;
  ++depth_;
  const Judgement said = check_rules(read_rules(schema), value);
  --depth_;
  return said;
}

Judgement SchemaCheck::check_rules(const Rules& rules, Id value) {
  const JsonTree::Value& it = value_.at(value);
  if (rules.nullable && it.type == JsonType::null) return Judgement::valid;
  if (rules.types != 0) {
    std::uint32_t is = type_bit(it.type);
    if (it.type == JsonType::number && is_whole(value_.text(value))) is |= integer_bit;
    if ((rules.types & is) == 0)
      return wrong(value, rules.types | (rules.nullable ? type_bit(JsonType::null) : 0U));
  }
  Judgement said = rules.opaque ? Judgement::unknown : Judgement::valid;
  const auto also = [&said](Judgement next) {
    said = both(said, next);
    return said != Judgement::invalid;
  };
  if (rules.constant != JsonTree::none && !equal(schema_, rules.constant, value_, value) &&
      !also(spent() ? Judgement::unknown : wrong(value)))
    return said;
  if (rules.one_of_values != JsonTree::none && !also(is_one_of(rules.one_of_values, value))) return said;
  if (rules.ref != JsonTree::none && !also(referred(rules.ref, value))) return said;
  if (it.type == JsonType::number && !also(check_number(rules, value))) return said;
  if (it.type == JsonType::string && !also(check_string(rules, value))) return said;
  if (it.type == JsonType::array && !also(check_array(rules, value))) return said;
  if (it.type == JsonType::object && !also(check_object(rules, value))) return said;
  if (rules.all_of != JsonTree::none && !also(all_of(rules.all_of, value))) return said;
  if (rules.any_of != JsonTree::none && !also(any_of(rules.any_of, value, false))) return said;
  if (rules.one_of != JsonTree::none && !also(any_of(rules.one_of, value, true))) return said;
  if (rules.negated != JsonTree::none) also(is_not(rules.negated, value));
  return said;
}

Judgement SchemaCheck::check_number(const Rules& rules, Id value) {
  const double n = counted(value_.text(value));
  const bool low = (rules.minimum && (rules.above_minimum ? n <= *rules.minimum : n < *rules.minimum)) ||
                   (rules.above && n <= *rules.above);
  const bool high = (rules.maximum && (rules.below_maximum ? n >= *rules.maximum : n > *rules.maximum)) ||
                    (rules.below && n >= *rules.below);
  if (low || high) return wrong(value);
  if (rules.multiple && *rules.multiple > 0) {
    // 0.3 is a multiple of 0.1, though not to a double; huge ones cannot be told apart.
    const double times = n / *rules.multiple;
    if (!std::isfinite(times) || std::abs(times) > 1e12) return Judgement::unknown;
    if (std::abs(times - std::round(times)) > 1e-6) return wrong(value);
  }
  return Judgement::valid;
}

Judgement SchemaCheck::check_string(const Rules& rules, Id value) {
  if (!rules.min_length && !rules.max_length) return Judgement::valid;
  count_bytes(value_.at(value).string.raw.size());
  if (!step()) return Judgement::unknown;
  const double length = code_points(value_.at(value).string);
  const bool fits =
      length >= rules.min_length.value_or(0) && (!rules.max_length || length <= *rules.max_length);
  return fits ? Judgement::valid : wrong(value);
}

Judgement SchemaCheck::check_array(const Rules& rules, Id value) {
  const JsonTree::Value& list = value_.at(value);
  if (list.size < rules.min_items.value_or(0) || (rules.max_items && list.size > *rules.max_items))
    return wrong(value);
  Judgement said = Judgement::valid;
  Id first = rules.first_items == JsonTree::none ? JsonTree::none : schema_.at(rules.first_items).child;
  const Id rest = rules.items != JsonTree::none         ? rules.items
                  : rules.first_items != JsonTree::none ? rules.more_items
                                                        : JsonTree::none;
  for (Id item = list.child; item != JsonTree::none; item = value_.at(item).next) {
    const Id schema = first != JsonTree::none ? first : rest;
    if (first != JsonTree::none) first = schema_.at(first).next;
    if (schema == JsonTree::none) break;
    if (!step()) return Judgement::unknown;
    said = both(said, check(schema, item));
    if (said == Judgement::invalid) return said;
  }
  return rules.unique ? both(said, check_unique(value)) : said;
}

Judgement SchemaCheck::check_unique(Id array) {
  if (value_.at(array).size > most_unique) return Judgement::unknown;
  for (Id a = value_.at(array).child; a != JsonTree::none; a = value_.at(a).next) {
    for (Id b = value_.at(a).next; b != JsonTree::none; b = value_.at(b).next) {
      const bool same = equal(value_, a, value_, b);
      if (spent()) return Judgement::unknown;
      if (same) return wrong(array);
    }
  }
  return Judgement::valid;
}

Judgement SchemaCheck::check_object(const Rules& rules, Id value) {
  const JsonTree::Value& object = value_.at(value);
  if (object.size < rules.min_members.value_or(0) || (rules.max_members && object.size > *rules.max_members))
    return wrong(value);
  if (rules.required != JsonTree::none) {
    for (Id id = schema_.at(rules.required).child; id != JsonTree::none; id = schema_.at(id).next) {
      if (schema_.at(id).type != JsonType::string) continue;
      const bool missing = member_of(value_, value, plain(schema_.at(id).string)) == JsonTree::none;
      if (spent()) return Judgement::unknown;
      if (missing) return wrong(value);
    }
  }
  Judgement said = Judgement::valid;
  if (rules.properties == JsonTree::none && rules.more_members == JsonTree::none) return said;
  for (Id member = object.child; member != JsonTree::none; member = value_.at(member).next) {
    if (!step()) return Judgement::unknown;
    said = both(said, check_member(rules, value, member));
    if (said == Judgement::invalid) break;
  }
  return said;
}

Judgement SchemaCheck::check_member(const Rules& rules, Id object, Id which) {
  const std::string name = plain(value_.at(which).name);
  Id schema =
      rules.properties == JsonTree::none ? JsonTree::none : member_of(schema_, rules.properties, name);
  if (spent()) return Judgement::unknown;
  if (schema == JsonTree::none && rules.more_members != JsonTree::none) {
    if (rules.open_members) return Judgement::unknown;
    schema = rules.more_members;
  }
  if (schema == JsonTree::none) return Judgement::valid;
  const Judgement said = check(schema, which);
  if (said != Judgement::invalid || mismatch_.value != which) return said;
  bool required = false;
  if (rules.required != JsonTree::none) {
    for (Id id = schema_.at(rules.required).child; id != JsonTree::none; id = schema_.at(id).next)
      required |= schema_.at(id).type == JsonType::string && schema_.at(id).string.is(name);
  }
  if (!required) mismatch_.holder = object;
  return said;
}

Judgement SchemaCheck::all_of(Id list, Id value) {
  Judgement said = Judgement::valid;
  for (Id id = schema_.at(list).child; id != JsonTree::none; id = schema_.at(id).next) {
    said = both(said, check(id, value));
    if (said == Judgement::invalid) break;
  }
  return said;
}

Judgement SchemaCheck::any_of(Id list, Id value, bool only_one) {
  if (schema_.at(list).size == 0) return Judgement::unknown;
  Mismatch told{value, JsonTree::none, 0};
  std::size_t valid = 0, unknown = 0;
  for (Id id = schema_.at(list).child; id != JsonTree::none; id = schema_.at(id).next) {
    const Judgement said = check(id, value);
    valid += said == Judgement::valid ? 1U : 0U;
    unknown += said == Judgement::unknown ? 1U : 0U;
    if (valid > 0 && !only_one) return Judgement::valid;
    if (said != Judgement::invalid || told.value != value) continue;
    // What went wrong further in tells more than that the whole is of another kind.
    if (mismatch_.value != value) {
      told = mismatch_;
    } else {
      told.types |= mismatch_.types;
    }
  }
  if (only_one && valid > 1) return wrong(value);
  if (unknown > 0) return Judgement::unknown;
  if (valid > 0) return Judgement::valid;
  mismatch_ = told;
  return Judgement::invalid;
}

Judgement SchemaCheck::is_not(Id schema, Id value) {
  const Judgement said = check(schema, value);
  if (said == Judgement::valid) return wrong(value);
  return said == Judgement::invalid ? Judgement::valid : said;
}

Judgement SchemaCheck::is_one_of(Id list, Id value) {
  std::uint32_t types = 0;
  for (Id id = schema_.at(list).child; id != JsonTree::none; id = schema_.at(id).next) {
    if (equal(schema_, id, value_, value)) return Judgement::valid;
    if (spent()) return Judgement::unknown;
    types |= type_bit(schema_.at(id).type);
    if (schema_.at(id).type == JsonType::number) types |= integer_bit;
  }
  if (types == 0) return Judgement::unknown;
  return wrong(value, (types & type_bit(value_.at(value).type)) == 0 ? types : 0U);
}

Judgement SchemaCheck::referred(Id ref, Id value) {
  const Id target = target_of(plain(schema_.at(ref).string));
  return target == JsonTree::none ? Judgement::unknown : check(target, value);
}

SchemaCheck::Id SchemaCheck::target_of(std::string_view pointer) {
  if (pointer.empty() || pointer.front() != '#') return JsonTree::none;
  pointer.remove_prefix(1);
  Id at = root_;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return JsonTree::none;
    pointer.remove_prefix(1);
    const std::string written = base::percent_decoded(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
    std::string name;
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (written[i] != '~') {
        name += written[i];
      } else {
        if (++i == written.size()) return JsonTree::none;
        name += written[i] == '1' ? '/' : '~';
      }
    }
    steps_ += schema_.at(at).size;
    if (!step()) return JsonTree::none;
    if (schema_.at(at).type == JsonType::array) {
      Id item = schema_.at(at).child;
      if (name.empty() || name.size() > 4 || name.find_first_not_of("0123456789") != name.npos)
        return JsonTree::none;
      for (int n = std::stoi(name); n > 0 && item != JsonTree::none; --n) item = schema_.at(item).next;
      at = item;
    } else {
      at = member_of(schema_, at, name);
    }
    if (at == JsonTree::none) return at;
  }
  return at;
}

// False when the steps are spent, too.
bool SchemaCheck::equal(const JsonTree& a, Id x, const JsonTree& b, Id y) {
  const JsonTree::Value &left = a.at(x), &right = b.at(y);
  if (!step() || left.type != right.type || left.size != right.size) return false;
  switch (left.type) {
    case JsonType::string:
      if (left.string.escaped) return right.string.is(plain(left.string));
      count_bytes(std::min(left.string.raw.size(), right.string.raw.size()));
      return right.string.is(left.string.raw);
    case JsonType::number:
      return a.text(x) == b.text(y) || counted(a.text(x)) == counted(b.text(y));
    case JsonType::boolean:
      return a.text(x) == b.text(y);
    case JsonType::array: {
      Id other = right.child;
      for (Id one = left.child; one != JsonTree::none; one = a.at(one).next, other = b.at(other).next)
        if (!equal(a, one, b, other)) return false;
      return true;
    }
    case JsonType::object: {
      for (Id one = left.child; one != JsonTree::none; one = a.at(one).next) {
        const Id other = member_of(b, y, plain(a.at(one).name));
        if (other == JsonTree::none || !equal(a, one, b, other)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

}  // namespace freellmapi::chat
