// A request once more, with other messages. Pure.
#pragma once

#include <string_view>

#include "chat/decode.hpp"

namespace freellmapi::chat {

/// `messages`, a JSON array, in the place of the request's own; the member named `without` is left out. The
/// session stays. Copies the body: this is rare.
Checked<Request> with_messages(const Request& request, std::string_view messages,
                               std::string_view without = {});

/// The array as the client sent it and the decoder left it; "" where there is none.
std::string_view messages_of(const Request& request) noexcept;

}  // namespace freellmapi::chat
