// tools and tool_choice as Gemini's tools and toolConfig.
#pragma once

#include <freellmapi/views.hpp>

#include "writer.hpp"

namespace freellmapi::google {

/// Writes the members `tools` and `toolConfig`; false when no function is offered and nothing was written. A
/// client that wants JSON and forbids tools gets JSON: Gemini refuses the two together. Throws
/// Failure{FREELLM_E_INVALID} for a tool that is no function.
bool write_tools(const sdk::Call& call, Commas& members);

}  // namespace freellmapi::google
