// A pretend model: deterministic, without memory, clock or chance.
#pragma once

#include <freellmapi/views.hpp>

namespace freellmapi::sandbox {

/// Answers a call. From the first rule that holds:
///   the last message is a tool's result      quotes it
///   tools are offered, and tool_choice demands one or the text names one     calls it with an example of its
///   schema response_format is json_schema           an example of the schema response_format is json_object
///   {"you_said": ...} the text has "!count N"                  counts to N (at most 10000) else "You said:
///   ..."
/// A token is a word; an answer over max_output_tokens ends with "length". Throws Failure{FREELLM_E_INVALID}
/// when the call's members are not what they should be.
void answer(const sdk::Call& call, sdk::EventsOut& out);

}  // namespace freellmapi::sandbox
