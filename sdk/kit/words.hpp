// The words of abi.h as fixtures write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freellmapi::kit {

std::string class_word(std::uint32_t value);
std::string scope_word(std::uint32_t value);
std::string window_word(std::uint32_t value);
std::string unit_word(std::uint32_t value);
/// "ok", "E_TRUNCATED"...
std::string status_word(std::int32_t status);

}  // namespace freellmapi::kit
