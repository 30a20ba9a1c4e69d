// The request that asks another model to go on with an answer that broke off. Pure.
#pragma once

#include <string_view>

#include "chat/decode.hpp"
#include "chat/seam.hpp"

namespace freellmapi::chat {

/// The conversation with the text so far as the assistant's last message, without its last blanks; where the
/// model is to go on by the anchor, with a user's message that asks for it. A JSON mode is left out: it would
/// make the model begin its value anew. Copies the body: this is rare. `shown` is not blank.
Checked<Request> going_on(const Request& request, std::string_view shown, Going how);

}  // namespace freellmapi::chat
