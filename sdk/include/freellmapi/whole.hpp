// freellmapi/whole.hpp - the C++ face of extension "freellm.whole/1" (ext/whole.h). plugin.hpp offers it for
// every provider whose parser has the function that ReadsWhole names.
#pragma once

#include <freellmapi/ext/whole.h>

#include <concepts>
#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::sdk {

/// whole() does what feed() and finish() would, for a body that has come altogether and lives that long. One
/// that a parser has from its base does not count: the base knows nothing of what the parser adds.
template <class Parser>
concept ReadsWhole = std::same_as<decltype(&Parser::whole), void (Parser::*)(std::string_view, EventsOut&)>;

}  // namespace freellmapi::sdk
