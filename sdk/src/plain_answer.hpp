// Answers, and frames of streams, that hold nothing out of the ordinary: read where they lie, in one walk,
// without a tree.
#pragma once

#include <array>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// One chat completion object without tool calls, parts, errors or members that mean something to anybody.
struct PlainAnswer {
  enum class Said : std::uint8_t { nothing, delta, message };

  bool choice = false;  ///< there is one; else `choices` is empty
  Said said = Said::nothing;
  std::string_view reasoning, content, refusal, finish_reason;
  bool usage_said = false;
  Usage usage;
  std::array<std::string, 3> unescaped;  ///< where a text lies that is not as it was written
};

/// False: the text is not that, or no JSON; somebody else has to read it. The views lie in `text` and in the
/// answer itself, which must not move.
bool read_plain_answer(std::string_view text, PlainAnswer& answer);

}  // namespace freellmapi::sdk
