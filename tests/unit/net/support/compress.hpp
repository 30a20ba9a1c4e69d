#pragma once

#include <string>
#include <string_view>

namespace freellmapi::net::testing {

enum class Wrapper { gzip, zlib, raw };
std::string compress(std::string_view text, Wrapper wrapper);

}  // namespace freellmapi::net::testing
