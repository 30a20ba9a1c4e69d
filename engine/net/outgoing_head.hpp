// Writes the head of a request to a provider; the only place where a provider's key is revealed. Pure.
#pragma once

#include <string>
#include <string_view>

#include "net/upstream.hpp"

namespace freellmapi::net {

/// The whole head with its empty line. Host, Content-Length and the connection's own fields are ours; control
/// bytes in values become spaces; bytes that cannot stand in a target are percent-encoded. The caller wipes
/// it after use. `proxy_credentials` is the value of Proxy-Authorization, or empty; `absolute` puts the
/// origin into the target.
std::string render_request_head(const Origin& origin, const OutgoingRequest& request,
                                std::string_view user_agent, bool absolute,
                                std::string_view proxy_credentials);

}  // namespace freellmapi::net
