// What a model says, piece by piece, and the whole it adds up to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::chat {

struct Usage {
  std::optional<std::uint64_t> input, output, cached, reasoning;
  bool empty() const noexcept { return !input && !output; }
};

struct ToolCall {
  std::string id;  ///< never empty once complete
  std::string name;
  std::string arguments;  ///< a JSON object as text
  std::string extra;      ///< a JSON object to keep with the call (a thought signature), or ""
};

/// Something to pass through: a member of the choice or of the whole answer.
struct Extra {
  bool in_choice = true;
  std::string name;
  std::string json;
};

enum class Finish { stop, length, tool_calls, content_filter };
std::string_view name(Finish finish) noexcept;

/// One piece, for encoders. Views are valid during the call alone.
struct Event {
  enum class Kind { text, reasoning, refusal, tool_call, extra };
  Kind kind = Kind::text;
  std::string_view text;           ///< text, reasoning, refusal
  const ToolCall* call = nullptr;  ///< tool_call: a complete one
  std::uint32_t call_index = 0;
  const Extra* extra = nullptr;
};

/// What came of a piece. `malformed`: a tool call is not one (no name, arguments that are no JSON object), or
/// one that its tool's schema forbids. `too_long`: a bound was reached. `not_json`: the client wants JSON,
/// and this is none, or not of its schema. After either the answer is worth nothing more than what has gone
/// out already.
enum class Fed { ok, malformed, too_long, not_json };

/// A whole answer.
struct Answer {
  std::string text, reasoning, refusal;
  std::vector<ToolCall> calls;
  std::vector<Extra> extras;
  Usage usage;
  std::optional<Finish> finish;
};

}  // namespace freellmapi::chat
