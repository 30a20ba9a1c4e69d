// The `messages` array: checked, counted and brought into the shape that plugins are promised.
#pragma once

#include "chat/pass.hpp"
#include "chat/thread.hpp"

namespace freellmapi::chat {

/// Reads the array where the pass stands. `thread` becomes where the conversation stands; a text that the
/// model is to go on with is no answer yet.
bool read_messages(Pass& pass, Thread& thread);

}  // namespace freellmapi::chat
