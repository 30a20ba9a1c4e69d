// A client's chat-completions body, checked and made canonical.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/fault.hpp"
#include "chat/request.hpp"

namespace freellmapi::chat {

/// Reads `body` once. On success the request's `body` is `&body` itself when nothing had to be lengthened,
/// else the request's own `storage`; `body` must outlive the request and stay where it is. In place, `body`
/// may lose members that nobody may see (unknown ones, nulls; they become blanks) and half surrogate pairs.
///
/// What follows holds of the result: every member is one of OpenAI's, or top_k, min_p or repetition_penalty,
/// with a checked value; none is null; n, modalities, functions and function_call are gone; tools, when
/// there, are not empty, and tool_choice and parallel_tool_calls come with them alone; `messages` is as
/// freellm_call promises it to plugins.
Checked<Request> decode(std::string& body);

/// Request::session of the X-Session-Id header; 0 when there is none.
std::uint64_t session_named(std::string_view header);

/// How many input tokens a request is likely to cost, rather too many than too few: a token for three bytes
/// (English text has four to five), half as much again for what is not ASCII (a Chinese character, three
/// bytes, costs up to one and a half), 1,100 for an image, a token for 64 bytes of a file, 8 per message for
/// roles and separators. What it can cost at most is Calibration's to say.
std::uint64_t estimate_tokens(const Facts& facts) noexcept;

}  // namespace freellmapi::chat
