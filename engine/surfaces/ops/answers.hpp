// Endpoints that answer with JSON they have in hand.
#pragma once

#include <string>
#include <string_view>

#include "surfaces/front/endpoint.hpp"

namespace freellmapi::surfaces {

net::Task<void> reply_json(Incoming& incoming, int status, std::string body);
net::Task<void> reply_text(Incoming& incoming, int status, std::string_view content_type, std::string body);
/// In OpenAI's shape.
net::Task<void> reply_error(Incoming& incoming, int status, std::string code, std::string message);

}  // namespace freellmapi::surfaces
