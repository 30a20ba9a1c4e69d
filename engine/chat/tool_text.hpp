// Tool calls that a model has written into its text instead of making them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat/event.hpp"
#include "chat/tool_marks.hpp"
#include "chat/written_calls.hpp"

namespace freellmapi::chat {

/// Receives what is text after all. The view is valid during the call alone.
class TextTaker {
 public:
  virtual ~TextTaker() = default;
  virtual Fed on_text(std::string_view text) = 0;
};

/// Reads the text of one answer, cut anywhere, and takes the calls of offered tools out of it:
///   <|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{...}<|tool_call_end|>  also DeepSeek's
///   <function=f{...}</function>, <function=f>{...}</function>,
///   <function=f><parameter=k>v</parameter></function> <tool_call>{"name": "f", "arguments":
///   {...}}</tool_call>, and the two other insides around an answer that is nothing but a JSON call or an
///   array of such, bare or in a ``` fence
///
/// Text goes on at once. Held back is only what may still begin a call: at most the 30 bytes of a mark and 1
/// KiB behind it, or 4 KiB of an answer that begins with blanks or JSON. A mark in quotes or backticks is
/// text; one that nothing like a call follows too. A call that cannot be read, that names no offered tool or
/// that the answer's end cuts is malformed, between two ``` fences an example and so text; one longer than
/// Assembler::most_arguments is too_long. Not thread-safe.
class ToolText {
 public:
  explicit ToolText(Offered offered) : offered_(offered) {}

  /// After malformed or too_long it must not be fed again.
  Fed feed(std::string_view piece, TextTaker& out);
  /// The answer has ended.
  Fed finish(TextTaker& out);

  /// Something is held back, or was taken out.
  bool has_something() const noexcept { return !buffer_.empty() || !calls_.empty(); }
  std::vector<WrittenCall>& calls() noexcept { return calls_; }

 private:
  enum class Phase { begin, json, json_end, text, object, parameters };
  /// What a step did: went on, waits for more, or found a call that is none.
  enum class Step { on, wait, malformed };

  Fed work(std::string_view in, std::size_t& at, TextTaker& out);
  Step begin(std::string_view in, std::size_t at);
  Step json(std::string_view in, std::size_t at);
  Step json_end(std::string_view in, std::size_t at);
  Step text(std::string_view in, std::size_t& at, TextTaker& out);
  Step mark(std::string_view in, std::size_t& at);
  Step object(std::string_view in, std::size_t& at);
  Step parameters(std::string_view in, std::size_t& at);
  Step take(std::string arguments);
  bool take_last();
  void pass_over(std::string_view text) noexcept;
  Fed give(std::string_view text, TextTaker& out);
  Fed give_back(std::string_view body, TextTaker& out);
  void no_json() noexcept;
  bool is_strange_word(std::string_view text) const noexcept;
  Fed cut(TextTaker& out);

  Offered offered_;
  Phase phase_ = Phase::begin;
  std::string buffer_;  // what is held back
  std::vector<WrittenCall> calls_;
  const OfferedTool* tool_ = nullptr;  // of the call being read
  std::string head_;                   // of the same, when it is perhaps an example
  std::size_t calls_before_ = 0;
  std::size_t ticks_ = 0;  // that have just passed
  bool in_fence_ = false, example_ = false;
  Body body_ = Body::none;
  JsonEnd end_;
  std::size_t json_at_ = 0;   // json: where in the buffer the value begins
  std::size_t searched_ = 0;  // parameters: no end mark before this; json_end: nothing but a fence's end
  char last_ = '\n';          // the byte before the buffer
  bool announced_ = false;    // a section of calls was opened and no call has come
  bool after_call_ = false;   // blanks and what closes a call are passed over
  Fed text_fed_ = Fed::ok;
};

}  // namespace freellmapi::chat
