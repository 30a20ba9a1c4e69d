// Makes whole what a provider says in pieces: tool calls, the finish reason, the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/event.hpp"
#include "chat/json_answer.hpp"
#include "chat/tool_text.hpp"

namespace freellmapi::chat {

/// Receives what may go out. Views are valid during the call alone.
class EventTaker {
 public:
  virtual ~EventTaker() = default;
  virtual void on_event(const Event& event) = 0;
};

/// One piece of a tool call, as a plugin gives it.
struct ToolPiece {
  std::uint32_t index = 0;
  std::string_view id, name, arguments, extra;
};

/// One per attempt. Text, reasoning, refusals and extras go to the taker at once and are collected; tool
/// calls go out whole, in finish(). Calls of offered tools that stand in the text are taken out of it; they
/// count when the provider made none itself. Where the client wants JSON, text and the reasoning before it
/// may be held until they are known to be good (JsonHold). Everything is bounded: 16 MiB of each kind of
/// text, 128 calls with 1 MiB of arguments each, 64 extras of 1 MiB. Not thread-safe.
class Assembler final : private TextTaker {
 public:
  static constexpr std::size_t most_text = std::size_t{16} << 20;
  static constexpr std::size_t most_calls = 128;
  static constexpr std::size_t most_arguments = std::size_t{1} << 20;
  static constexpr std::size_t most_extras = 64;
  static constexpr std::size_t most_extra = std::size_t{1} << 20;

  /// `taker` may be null: then the answer is only collected. Without offered tools text is but text.
  explicit Assembler(EventTaker* taker = nullptr, const Offered& offered = {});

  Fed text(std::string_view piece) {
    return written_ ? believed(written_->feed(piece, *this)) : on_text(piece);
  }
  Fed reasoning(std::string_view piece) {
    return hold_ && hold_->waiting() ? held_reasoning(piece)
                                     : spoken(Event::Kind::reasoning, answer_.reasoning, piece);
  }
  Fed refusal(std::string_view piece) { return spoken(Event::Kind::refusal, answer_.refusal, piece); }
  /// A piece with the index of a call but another id and a name begins a new call: some providers count
  /// nothing.
  Fed tool(const ToolPiece& piece);
  /// What is not JSON, or would take the place of a member of our own, is left out.
  Fed extra(bool in_choice, std::string_view name, std::string_view json);
  /// A later figure replaces an earlier one; absurd ones are as if not said.
  void usage(const Usage& usage);
  /// The legal end. Completes the calls and, when all are sound, gives them to the taker. `reason` in
  /// OpenAI's words; the first one counts. Tool calls make "stop" to tool_calls, their absence makes
  /// "tool_calls" to stop.
  Fed finish(std::string_view reason);

  /// Pieces of tool calls are waiting for the end.
  bool has_calls() const noexcept { return !pieces_.empty(); }
  /// A tool call or a held text is on its way, though nothing of it can go out yet.
  bool calling() const noexcept {
    return has_calls() || (written_ && written_->has_something()) || held_bytes() > 0 ||
           (hold_ && hold_->waiting() && !answer_.reasoning.empty());
  }
  /// What of the text is held, or was refused at its end, and so is not in answer().
  std::size_t held_bytes() const noexcept {
    return hold_ && hold_->waiting() ? hold_->size() : refused_bytes_;
  }
  const Answer& answer() const noexcept { return answer_; }
  Answer take() { return std::move(answer_); }

 private:
  struct Collected {
    std::uint32_t index = 0;
    ToolCall call;
  };
  Fed on_text(std::string_view piece) override {
    return hold_ ? held_text(piece) : spoken(Event::Kind::text, answer_.text, piece);
  }
  Fed held_text(std::string_view piece);
  Fed held_reasoning(std::string_view piece);
  Fed finish_held(Finish finish);
  void release_reasoning();
  void give_in_pieces(Event::Kind kind, std::string_view text);
  Fed believed(Fed written);
  Fed finish_text();
  Fed spoken(Event::Kind kind, std::string& whole, std::string_view piece);
  Collected* open_call(const ToolPiece& piece);
  bool complete(ToolCall& call);
  void keep(Extra extra);
  void merge_logprobs(Extra* before, Extra more);
  void give(const Event& event) {
    if (taker_ != nullptr) taker_->on_event(event);
  }

  EventTaker* taker_;
  Answer answer_;
  std::vector<Collected> pieces_;
  // What few answers need is apart: a stream that is open for minutes is to be small.
  std::unique_ptr<ToolText> written_;
  std::span<const OfferedTool> checked_;  // the tools that calls are held against; none: calls are not
  std::unique_ptr<JsonHold> hold_;
  std::size_t refused_bytes_ = 0;
  std::size_t schema_steps_ = 0;  // that the calls' arguments have cost
  std::size_t logprobs_end_ = 0;  // behind the last item that has been kept; 0: there is none
};

/// Brings a tool call's arguments into the form of a JSON object: nothing and null become {}, an object that
/// was encoded twice is taken out of its string. False when there is none.
bool repair_arguments(std::string& arguments);

}  // namespace freellmapi::chat
