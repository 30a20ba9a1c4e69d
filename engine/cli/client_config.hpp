// The client file that other tools read: writing it and checking one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "policy/policy.hpp"

namespace freellmapi::cli {

/// The file's text for this policy and key, indented, with a newline at its end.
std::string client_config(const policy::Policy& policy, std::string_view unified_key);

/// The sentence for a good file ("config OK: ..."), or the reason why it is bad. `port` is the configured
/// one.
base::Result<std::string> check_client_config(std::string_view text, std::uint16_t port);

}  // namespace freellmapi::cli
