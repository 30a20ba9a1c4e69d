// Answers on OpenAI's wire as servers really send them, with what must come out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kit/fixture.hpp"

namespace freellmapi::kit {

struct CannedStream {
  std::string_view name, title;
  Answer answer;
  std::vector<std::string_view> ends;  ///< the allowed ones: "ok", "E_TRUNCATED"...
  /// What must come out, as in events.json. `beginning`: what comes out must begin with it instead.
  json::array events;
  bool beginning = false;
  bool error_event = false;  ///< an error event instead of an end is allowed (with any end)
};

/// Made once. Their requests asked for a stream.
const std::vector<CannedStream>& canned_streams();
Answer event_stream(std::string body);
/// A chunk with this delta, as one event.
std::string delta(std::string_view members);
std::string finish(std::string_view reason);
inline constexpr std::string_view done = "data: [DONE]\n\n";

}  // namespace freellmapi::kit
