// freellmapi/openai_parser.hpp - turns the bytes of a chat completion, streamed or whole, into events.
#pragma once

#include <boost/json/fwd.hpp>
#include <concepts>
#include <cstdint>
#include <freellmapi/sse.hpp>
#include <freellmapi/think.hpp>
#include <freellmapi/views.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::sdk {

class OpenAiProvider;
class LikeFrames;
struct PlainAnswer;
class ReasoningDetails;

/// True: `P` has edit_answer() and edit_choice() from the base, which do nothing.
template <class P>
inline constexpr bool leaves_answers_alone = requires {
  requires std::same_as<decltype(&P::edit_answer), void (OpenAiProvider::*)(boost::json::object&) const>;
  requires std::same_as<decltype(&P::edit_choice), void (OpenAiProvider::*)(boost::json::object&) const>;
};

/// One 2xx answer. What the body is (events or one JSON object) is seen from its first byte and the
/// content-type, whatever the call asked for. Bounds: 1 MiB an event, 32 MiB a whole body, 128 tool calls.
///
/// The first finish_reason is the end of the answer: later text is not passed on, later usage is. Without a
/// [DONE] an answer is whole only if it had a finish_reason. A frame that is no JSON fails with E_PROTOCOL:
/// text is never skipped silently. Invalid UTF-8 and lone surrogates become U+FFFD.
class OpenAiParser {
 public:
  static constexpr std::size_t max_body = std::size_t{32} << 20;
  static constexpr std::size_t max_tool_calls = 128;

  OpenAiParser(const OpenAiProvider& provider, const Call& call, const Headers& head)
      : OpenAiParser(provider, call, head, false) {}
  /// Where neither the provider nor a parser derived from this one looks at what was parsed, an ordinary
  /// answer is read without parsing all of it.
  template <class P>
  requires std::derived_from<P, OpenAiProvider> OpenAiParser(const P& provider, const Call& call,
                                                             const Headers& head)
      : OpenAiParser(provider, call, head, leaves_answers_alone<P>) {}
  virtual ~OpenAiParser() = default;
  void feed(std::string_view bytes, EventsOut& out);
  void finish(EventsOut& out);
  /// Both at once: a whole answer is read where it lies.
  void whole(std::string_view body, EventsOut& out);
  /// [DONE] has come.
  bool done() const noexcept { return done_; }

 protected:
  /// A whole answer or one frame of a stream that is no error, before its choice is read. For a provider
  /// whose answer must be held against the call.
  virtual void look_at(const boost::json::object& /*answer*/, EventsOut&) {}
  /// Ends the answer with an error of this class.
  void fail(std::uint32_t error_class, bool definite, std::string_view sentence, EventsOut& out);

 private:
  OpenAiParser(const OpenAiProvider& provider, const Call& call, const Headers& head, bool plainly);

  enum class Body : std::uint8_t { unknown, events, json };
  enum class Told : std::uint8_t { nothing, json, events };
  struct ToolCall {
    std::int64_t given_index = -1;  // the provider's; -1: it gave none
    std::string id;
    bool named = false;
    std::string held;  // arguments that came before the name
  };

  void frame(std::string_view name, std::string_view data, bool last, EventsOut& out);
  Body kind_behind_blanks(std::string_view& bytes) const;
  void read_json(std::string_view body, EventsOut& out);
  void object(boost::json::object& frame, std::string_view text, bool marked_error, bool complete,
              EventsOut& out);
  bool plain(std::string_view text, bool complete, EventsOut& out);
  void plain(const PlainAnswer& answer, bool complete, EventsOut& out);
  Body kind_of(char first) const;
  std::string_view choice(boost::json::object& choice, bool complete, EventsOut& out);
  void message(const boost::json::object& message, EventsOut& out);
  void content(const boost::json::value& content, EventsOut& out);
  void tool_call(const boost::json::object& call, EventsOut& out);
  void thought(std::string_view thought, EventsOut& out);
  void refusal(std::string_view refusal, EventsOut& out);
  std::string_view reason(std::string_view said, bool complete, EventsOut& out);
  void usage(const boost::json::object& holder, EventsOut& out);
  void usage(const Usage& now, EventsOut& out);
  void text(std::string_view piece, EventsOut& out);
  void settle_text(EventsOut& out);
  void end(std::string_view reason, EventsOut& out);
  void error(std::string_view json, EventsOut& out);
  void empty(EventsOut& out);

  const OpenAiProvider& provider_;
  SseSplitter sse_;
  ThinkSplitter think_;
  std::string body_;
  std::vector<ToolCall> tools_;
  std::shared_ptr<ReasoningDetails> details_;  // null: the dialect keeps none
  std::shared_ptr<LikeFrames> like_frames_;    // null: no frame has been read
  Usage usage_;
  Body kind_ = Body::unknown;
  Told told_ = Told::nothing;
  const bool plainly_;     // nobody looks at what was parsed, derived parsers apart
  bool done_ = false;      // nothing that follows counts
  bool finished_ = false;  // a finish_reason was passed on
  bool answered_ = false;  // text, reasoning, refusal or a tool call was seen
  bool deltas_ = false;
};

}  // namespace freellmapi::sdk
