// YAML text -> a small tree of our own with the place of every value. The only file behind which yaml-cpp
// lives.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/faults.hpp"

namespace freellmapi::policy {

/// One value. A mapping's keys and values stand in `items` in turn, in the file's order, duplicates included.
struct Element {
  enum class Kind {
    null,
    scalar,
    sequence,
    mapping,
    refused,  ///< an alias or a tagged value: its fault is reported, readers pass over it
  };
  Kind kind = Kind::null;
  Place place;
  bool quoted = false;  ///< a scalar in quotes: text, whatever it looks like
  std::string text;     ///< of a scalar
  std::vector<Element> items;
};

inline constexpr std::size_t max_text_bytes = 1 << 20;
inline constexpr std::size_t max_depth = 64;
inline constexpr std::size_t max_nodes = 20'000;
/// Brackets, braces and commas together: yaml-cpp reads a whole flow collection ahead, at some 250 bytes
/// each.
inline constexpr std::size_t max_flow_marks = 50'000;

/// Nothing when the text is no YAML document within the bounds; every fault is in `faults`. No alias, anchor
/// or tag is followed: each is a fault at its place.
std::optional<Element> read_document(std::string_view text, Faults& faults);

}  // namespace freellmapi::policy
