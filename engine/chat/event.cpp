#include "chat/event.hpp"

namespace freellmapi::chat {

std::string_view name(Finish finish) noexcept {
  switch (finish) {
    case Finish::stop:
      return "stop";
    case Finish::length:
      return "length";
    case Finish::tool_calls:
      return "tool_calls";
    case Finish::content_filter:
      return "content_filter";
  }
  return "stop";
}

}  // namespace freellmapi::chat
