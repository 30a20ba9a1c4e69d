// A request with what belongs to it and the client did not send: what an earlier answer carried for its next
// turn, and a note to a model that takes a conversation over. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/decode.hpp"

namespace freellmapi::chat {

/// What an answer carried for its next turn, one for each of its tool calls.
struct Thought {
  std::string extra;      ///< the call's: a JSON object, or ""
  std::string reasoning;  ///< the answer's, with its first call
};

/// The two names under which a call is found again: bridges rewrite ids, and clients drop old messages.
struct CallName {
  std::uint64_t by_id = 0;     ///< the id, the function's name and the arguments
  std::uint64_t by_place = 0;  ///< what stands before the answer, which of its calls, name and arguments
};
/// `arguments` are JSON text; blanks in it do not count.
CallName name_of(std::uint64_t before, std::size_t index, std::string_view id, std::string_view function,
                 std::string_view arguments);

/// Knows what is to be put back.
class ThoughtSource {
 public:
  virtual ~ThoughtSource() = default;
  /// Nothing to put back: false.
  virtual bool find(const CallName& name, Thought& out) = 0;
};

/// The request with the note as a system message of its own behind the leading ones ("": none), and with what
/// `source` (null: none) knows of calls that came back without it. Nothing: there was nothing to add.
/// Copies the body: this is rare.
std::optional<Request> amended(const Request& request, std::string_view note, ThoughtSource* source);

}  // namespace freellmapi::chat
