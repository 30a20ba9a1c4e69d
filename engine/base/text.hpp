// Small text tools that several rooms need. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::base {

/// ASCII only; header names, host names.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text) noexcept;

/// The candidates nearest to `word` (edit distance, at most a third of its length and at most 3 answers),
/// best first. For "did you mean".
std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Appends `text` as the inside of a JSON string (no quotes). Invalid UTF-8 becomes U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// Client or provider text made safe for one log line or one message: control characters, line separators and
/// bidirectional marks are escaped, the rest is cut to `limit` bytes at a character boundary.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace freellmapi::base
