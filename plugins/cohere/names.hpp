// Tool names that Cohere takes: letters, digits and _, no digit in front.
#pragma once

#include <string>
#include <string_view>

namespace freellmapi::cohere {

/// `name` with every other character written as _xHH_ (two hexadecimal digits). Most names stay as they are.
std::string told_name(std::string_view name);

/// The name again: client_name(told_name(name)) == name for every name.
std::string client_name(std::string_view told);

}  // namespace freellmapi::cohere
