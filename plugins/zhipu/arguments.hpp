// GLM writes lists and objects inside a call's arguments as JSON text: {"files":"[\"a\"]"}. The tool's schema
// tells which of them were meant.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace freellmapi::zhipu {

/// The arguments with every such text replaced by what it says; the same bytes when there was none, or when
/// they are no JSON object. `tools` is the request's list of tools.
std::string mend_arguments(const boost::json::array& tools, std::string_view name, std::string arguments);

/// True when the tool has a parameter that may be a list or an object.
bool takes_nested(const boost::json::array& tools, std::string_view name);

}  // namespace freellmapi::zhipu
