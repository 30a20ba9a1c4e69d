// JSON Schema, as far as tools and response formats use it, judged in bounded time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/json_tree.hpp"

namespace freellmapi::chat {

/// `unknown`: the schema says something that is not judged here, is no schema, or is more than the bounds
/// allow. Nothing is refused that is not surely wrong.
enum class Judgement { valid, invalid, unknown };

/// Why a value is invalid: the first fault found, the deepest one of several alternatives.
struct Mismatch {
  JsonTree::Id value = JsonTree::none;
  JsonTree::Id holder = JsonTree::none;  ///< the object that holds it as a member it need not have
  std::uint32_t types = 0;               ///< the value is of none of these; 0: its type was right
};

/// A bit of Mismatch::types.
constexpr std::uint32_t type_bit(JsonType type) noexcept { return 1U << static_cast<unsigned>(type); }
constexpr std::uint32_t integer_bit = 1U << 16;

/// Judged: type (a list too, `nullable`), enum, const, properties, required, additionalProperties, items
/// (both forms), prefixItems, additionalItems, the bounds of numbers, lengths (in code points), items and
/// members, uniqueItems (up to 256 items), allOf, anyOf, oneOf, not, and $ref within the same document.
/// Unknown: all else that restricts (pattern, format, patternProperties, if, contains, dependent...,
/// unevaluated..., a $ref elsewhere). A regular expression of a stranger's is never run.
///
/// Bounded: `most_steps` looks at a keyword, a value or a few bytes of a text, `most_depth` schemas within
/// one another.
class SchemaCheck {
 public:
  static constexpr std::size_t most_steps = 200'000;
  static constexpr std::size_t most_depth = 200;

  /// Both trees must be sound and outlive the check. `root`: where in `schema` it begins; "#" means it.
  /// `steps`: how many have been made before, of those that several checks share.
  SchemaCheck(const JsonTree& schema, JsonTree::Id root, const JsonTree& value, std::size_t steps = 0)
      : schema_(schema), root_(root), value_(value), steps_(steps) {}

  Judgement judge();
  /// After judge() has said invalid.
  const Mismatch& mismatch() const noexcept { return mismatch_; }
  std::size_t steps() const noexcept { return steps_; }

 private:
  using Id = JsonTree::Id;
  struct Rules;

  Judgement check(Id schema, Id value);
  Judgement check_rules(const Rules& rules, Id value);
  Judgement check_number(const Rules& rules, Id value);
  Judgement check_string(const Rules& rules, Id value);
  Judgement check_array(const Rules& rules, Id value);
  Judgement check_object(const Rules& rules, Id value);
  Judgement check_member(const Rules& rules, Id object, Id which);
  Judgement check_unique(Id array);
  Judgement all_of(Id list, Id value);
  Judgement any_of(Id list, Id value, bool only_one);
  Judgement is_not(Id schema, Id value);
  Judgement is_one_of(Id list, Id value);
  Judgement referred(Id ref, Id value);
  Id target_of(std::string_view pointer);
  Rules read_rules(Id schema);
  bool equal(const JsonTree& a, Id x, const JsonTree& b, Id y);
  Judgement wrong(Id value, std::uint32_t types = 0);
  bool step() noexcept { return ++steps_ <= most_steps; }
  bool spent() const noexcept { return steps_ > most_steps; }
  void count_bytes(std::size_t n) noexcept;
  std::string plain(const JsonText& text);
  Id member_of(const JsonTree& tree, Id object, std::string_view name);
  double counted(std::string_view json) noexcept;

  const JsonTree& schema_;
  const Id root_;
  const JsonTree& value_;
  Mismatch mismatch_;
  std::size_t steps_, depth_ = 0;
};

/// Brings `json` into the schema's form where it is beyond doubt what was meant: a text that holds the
/// object, list, number or boolean asked for, a number or boolean where a text is asked for, a null for a
/// member that may be left out. False: it surely does not fit; `json` may then be half mended. `schema` "" or
/// none that can be read: everything fits. `steps` counts those of SchemaCheck, over all that share a bound:
/// once it is reached everything fits.
bool fit_to_schema(std::string& json, std::string_view schema, std::size_t& steps);
/// The same; the schema begins at `root` of a text that has been read already.
bool fit_to_schema(std::string& json, const JsonTree& schema, JsonTree::Id root, std::size_t& steps);

}  // namespace freellmapi::chat
