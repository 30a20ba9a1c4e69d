// The marks that announce a tool call in text, and the way from a mark to the call's arguments.
#pragma once

#include <cstddef>
#include <string_view>

#include "chat/written_calls.hpp"

namespace freellmapi::chat {

enum class Mark {
  function,  ///< <function=
  tagged,    ///< <tool_call>
  section,   ///< of tokens: calls follow
  token,     ///< <|tool_call_begin|>
  closing,   ///< the end of one of them
};

/// Whether a text begins with something, may do so once it goes on, or cannot.
enum class Fit { none, partly, whole };

/// The mark that `text` begins with, and its size. In the marks of tokens '|' and '_' may also be DeepSeek's
/// U+FF5C and U+2581.
Fit find_mark(std::string_view text, Mark& mark, std::size_t& size) noexcept;

/// `word` at `at`.
Fit word_at(std::string_view text, std::size_t at, std::string_view word) noexcept;

/// Behind JSON's blanks.
std::size_t skip_blanks(std::string_view text, std::size_t at) noexcept;
/// Behind the letters of a tool's name.
std::size_t name_end(std::string_view text, std::size_t at) noexcept;

/// Where the arguments of a call stand.
enum class Body { none, object, whole_call, parameters };

/// What a mark and the text behind it begin.
struct CallHead {
  enum class Kind { wait, text, malformed, call } kind = Kind::wait;
  const OfferedTool* tool = nullptr;  ///< null for whole_call
  Body body = Body::none;
  std::size_t size = 0;  ///< of mark and head
};

/// REQUIRES: `text` begins with a mark that is neither section nor closing. What is no call by its looks is
/// text; what looks like the call of a tool that is not offered is malformed.
CallHead read_head(std::string_view text, const Offered& offered) noexcept;

}  // namespace freellmapi::chat
