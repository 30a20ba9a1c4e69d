// UTF-8, strictly.
#pragma once

#include <cstddef>
#include <string_view>

namespace freellmapi::sdk {

/// Length of the UTF-8 character at the front of what is not empty, or 0 when the front is none.
std::size_t utf8_length(std::string_view text) noexcept;

/// The code unit that the escape at `text[at]` names by four hexadecimal digits, or -1 where none stands.
int code_unit(std::string_view text, std::size_t at) noexcept;

}  // namespace freellmapi::sdk
