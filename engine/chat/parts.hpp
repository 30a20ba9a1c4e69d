// The content of a message: a string, nothing, or parts.
#pragma once

#include "chat/pass.hpp"

namespace freellmapi::chat {

struct Content {
  enum class Kind { missing, null, text, parts };
  Kind kind = Kind::missing;
  Span bracket{};  ///< parts: the '[', empty where it is still to be made
};

/// Reads the value of `element`. Accepts and repairs: a bare part instead of an array, strings and {"text":
/// ...} as parts, an image's URL as a string, the part names of the Responses API; drops parts that hold
/// thinking.
bool read_content(Pass& pass, const Element& element, Content& out);

}  // namespace freellmapi::chat
