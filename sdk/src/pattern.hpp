// The matcher behind classify.hpp's patterns.
#pragma once

#include <cstddef>
#include <freellmapi/classify.hpp>
#include <string_view>

namespace freellmapi::sdk {

/// Where the first fitting alternative begins, or npos. Captures are set only on success.
std::size_t find_pattern(std::string_view pattern, std::string_view text, Captures* captures);

/// True when `word` is one of the alternatives separated by '|'; case does not count.
bool one_of(std::string_view alternatives, std::string_view word) noexcept;

}  // namespace freellmapi::sdk
