// tools, tool_choice, response_format and the members they replaced.
#pragma once

#include <string>

#include "chat/pass.hpp"

namespace freellmapi::chat {

/// Reads `tools`; `count` is how many there are. Members that OpenAI does not know are blanked.
bool read_tools(Pass& pass, std::size_t& count);

/// Reads the old `functions`; `as_tools` becomes the JSON text of the tools they are, "" for none.
bool read_functions(Pass& pass, std::string& as_tools);

/// Reads `tool_choice`, or the old `function_call`. `canonical` becomes its JSON text in OpenAI's present
/// words, "" when it is one already.
bool read_tool_choice(Pass& pass, std::string& canonical);

/// Reads `response_format`; `plain` is true for {"type":"text"}.
bool read_response_format(Pass& pass, bool& plain);

}  // namespace freellmapi::chat
