// Tools, structured output and tool calls as Cohere's compatibility surface takes them.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

namespace freellmapi::cohere {

/// Names, schemas and members of the offered tools. `only` names the one tool that stays ("": all). Throws
/// Failure{FREELLM_E_INVALID} when there are more than 200.
void settle_tools(boost::json::array& tools, std::string_view only);

/// The schema of a response_format. Throws Failure{FREELLM_E_INVALID} when it cannot be said.
void settle_format(boost::json::object& format);

/// Applies `rename` to the names in `message.tool_calls`.
void rename_calls(boost::json::object& message, std::string (*rename)(std::string_view));

}  // namespace freellmapi::cohere
