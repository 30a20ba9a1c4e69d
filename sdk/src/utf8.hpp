// UTF-8, strictly.
#pragma once

#include <cstddef>
#include <string_view>

namespace freellmapi::sdk {

/// Length of the UTF-8 character at the front of what is not empty, or 0 when the front is none.
std::size_t utf8_length(std::string_view text) noexcept;

/// The code unit of a \uXXXX at `text[at]`, or -1.
int code_unit(std::string_view text, std::size_t at) noexcept;

}  // namespace freellmapi::sdk
