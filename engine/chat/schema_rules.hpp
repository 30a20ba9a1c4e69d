// One schema's keywords, found in one walk over its members.
#pragma once

#include <optional>

#include "chat/schema.hpp"

namespace freellmapi::chat {

/// none: not said, or said in a form that says nothing.
struct SchemaCheck::Rules {
  std::uint32_t types = 0;  ///< 0: any
  bool nullable = false;
  bool opaque = false;        ///< it holds a restriction that is not judged
  bool open_members = false;  ///< members that `properties` does not name may still be named by a pattern
  Id ref = JsonTree::none, one_of_values = JsonTree::none, constant = JsonTree::none;
  Id properties = JsonTree::none, required = JsonTree::none, more_members = JsonTree::none;
  Id items = JsonTree::none, first_items = JsonTree::none, more_items = JsonTree::none;
  Id all_of = JsonTree::none, any_of = JsonTree::none, one_of = JsonTree::none, negated = JsonTree::none;
  bool unique = false;
  bool above_minimum = false, below_maximum = false;  ///< the old form: the bound itself is out
  std::optional<double> minimum, maximum, above, below, multiple;
  std::optional<double> min_length, max_length, min_items, max_items, min_members, max_members;
};

/// A number's value; infinite when it is too large for a double.
double number_of(std::string_view json) noexcept;

}  // namespace freellmapi::chat
