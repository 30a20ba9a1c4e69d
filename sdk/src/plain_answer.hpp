// Answers, and frames of streams, that hold nothing out of the ordinary: read where they lie, in one walk,
// without a tree.
#pragma once

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
  std::string_view content_as_written;  ///< between its quotes in the text
  bool usage_said = false;
  Usage usage;
  std::string unescaped;  ///< where the texts lie that are not as they were written
};

/// False: the text is not that, or no JSON; somebody else has to read it. The views lie in `text` and in the
/// answer itself, which must not move.
bool read_plain_answer(std::string_view text, PlainAnswer& answer);

/// The frames of a stream differ in their texts and mostly in nothing else. What stood around the text of one
/// is compared with the next, of which only the text has then to be read.
class LikeFrames {
 public:
  /// `answer` was read from `text`.
  void learn(std::string_view text, const PlainAnswer& answer);
  /// True: as read_plain_answer(), for a text that is like the one learned last.
  bool read(std::string_view text, PlainAnswer& answer) const;

 private:
  std::string around_;  // what stands before the content, and what stands behind it
  std::size_t before_ = 0;
};

}  // namespace freellmapi::sdk
