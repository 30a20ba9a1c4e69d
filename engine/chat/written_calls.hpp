// The inside of tool calls that a model wrote as text: JSON, and parameters in tags.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/json_answer.hpp"
#include "chat/request.hpp"

namespace freellmapi::chat {

/// What reading an answer must know of its request. Views into it.
struct Offered {
  std::span<const OfferedTool> tools;
  bool json_wanted = false;  ///< the client asked for JSON: an answer that is JSON is no call
  bool checked = false;      ///< calls must be of these tools, with arguments that their schemas allow
  JsonForm form{};           ///< of the text, where it is to be enforced

  /// The tool that a model meant by a name: itself, or with "functions." before and ":0" behind. Null: none.
  const OfferedTool* meant(std::string_view written) const noexcept;
};

/// What a request offers. `enforced`: what it says of arguments and answers is held to be meant.
Offered offered_by(const Request& request, bool enforced) noexcept;

/// A call as it was written; `arguments` may still be in need of repair_arguments().
struct WrittenCall {
  std::string name, arguments;
};

/// Finds where a JSON object or array ends, in text that grows. Time is linear in the text.
class JsonEnd {
 public:
  /// `text` begins with the value and may be longer than last time, never shorter. True: it ends at at().
  bool found(std::string_view text) noexcept;
  std::size_t at() const noexcept { return at_; }

 private:
  std::size_t at_ = 0, depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

/// What the beginning of a JSON value says: a call of an offered tool, surely none, or not yet.
enum class Sign { unknown, none, call };
Sign sign_of_call(std::string_view beginning, const Offered& offered) noexcept;

/// What a JSON value holds. `none`: it has other members than calls have, or names no offered tool.
enum class Held { calls, none, broken };
/// Reads {"name", "arguments"}, the spellings that go about for it, an array of those and {"tool_calls":
/// [...]}. `lenient`: a call without arguments is one too.
Held read_json_calls(std::string json, const Offered& offered, bool lenient, std::vector<WrittenCall>& out);

/// Reads <parameter=k>v</parameter>... or <arg_key>k</arg_key><arg_value>v</arg_value>... into a JSON object.
/// What the tool's schema calls a string stays one; else what is JSON is taken as that. False: it is not
/// written so, or has more than Members::most of them.
bool read_parameters(std::string_view text, const OfferedTool& tool, std::string& arguments);

}  // namespace freellmapi::chat
