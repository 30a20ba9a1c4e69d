// Workers AI's own shapes, which some models still answer in.
#pragma once

#include <boost/json/fwd.hpp>

namespace freellmapi::cloudflare {

/// Turns an answer or a stream's frame of /run ({"result":{...},"success":true}, {"response","tool_calls",
/// "usage"}) into OpenAI's. What has choices or reports an error stays as it is.
void to_openai(boost::json::object& answer);

}  // namespace freellmapi::cloudflare
