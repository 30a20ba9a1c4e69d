// The `messages` array: checked, counted and brought into the shape that plugins are promised.
#pragma once

#include <cstdint>

#include "chat/pass.hpp"

namespace freellmapi::chat {

/// Reads the array where the pass stands. `opening` becomes a hash of how the conversation begins: what
/// stands before the first user message, and that message.
bool read_messages(Pass& pass, std::uint64_t& opening);

}  // namespace freellmapi::chat
