// Turns the bytes of a generateContent answer, streamed or whole, into events.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <freellmapi/sse.hpp>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raw_json.hpp"

namespace freellmapi::google {

/// Gathers one JSON value that stands bare in the body: a whole answer, or an error that the server wrote
/// into a stream without `data:`. Bound: 32 MiB.
class BareJson {
 public:
  static constexpr std::size_t most = std::size_t{32} << 20;

  /// Takes bytes up to the value's end; true once it is complete. What follows the end is not looked at.
  bool feed(std::string_view bytes);
  bool begun() const noexcept { return !text_.empty(); }
  bool complete() const noexcept { return complete_; }
  /// The bytes cannot begin an object or array.
  bool hopeless() const noexcept { return !text_.empty() && text_[0] != '{' && text_[0] != '['; }
  std::string_view text() const noexcept { return text_; }

 private:
  std::string text_;
  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false, complete_ = false;
};

/// One 2xx answer. The legal end is the first finishReason: later text is not passed on, later usage is. Each
/// chunk holds new text alone; function calls come whole.
///
/// A function call's event carries {"google":{"thought_signature":"..."}} as `extra` when the part was
/// signed; a surface shows it as tool_calls[].extra_content, where Google's own OpenAI surface has it and
/// build_request looks for it.
class Parser {
 public:
  /// More calls in one answer fail with E_LIMIT.
  static constexpr std::uint32_t most_tool_calls = 128;

  Parser(const sdk::Call& call, const sdk::Headers& head);
  void feed(std::string_view bytes, sdk::EventsOut& out);
  void finish(sdk::EventsOut& out);

 private:
  void events(std::string_view bytes, sdk::EventsOut& out);
  void bare(std::string_view bytes, sdk::EventsOut& out);
  std::size_t find_bare(std::string_view bytes) noexcept;
  void frame(std::string_view data, bool last, sdk::EventsOut& out);
  void answer(const boost::json::value& value, const Raw& text, sdk::EventsOut& out);
  void object(const boost::json::object& chunk, const Raw& text, sdk::EventsOut& out);
  void part(const boost::json::object& part, const Raw& text, sdk::EventsOut& out);
  void function_call(const boost::json::object& part, const Raw& text, sdk::EventsOut& out);
  void usage(const boost::json::object& chunk, sdk::EventsOut& out);
  void end(std::string_view reason, std::string_view message, sdk::EventsOut& out);
  void fail(std::uint32_t error_class, std::string_view code, std::string_view message, sdk::EventsOut& out);

  std::vector<std::pair<std::string, std::string>>
      renamed_;  // functions: the name that was sent, the client's
  sdk::SseSplitter sse_;
  BareJson bare_;
  sdk::Usage usage_;
  std::uint64_t seed_;
  std::uint32_t tool_calls_ = 0;
  bool stream_;
  bool line_start_ = true;
  bool text_ = false;  // an answer to read was seen
  bool thought_ = false;
  bool finished_ = false;  // a finishReason was passed on
  bool done_ = false;      // an error was: nothing may follow
};

}  // namespace freellmapi::google
