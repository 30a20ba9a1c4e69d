// One provider's answer on its way to the client: body bytes in, the surface's bytes out. No I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/assemble.hpp"
#include "host/provider.hpp"
#include "relay/continuation.hpp"
#include "relay/encoder.hpp"
#include "relay/outcomes.hpp"

namespace freellmapi::relay {

/// Figure by figure; what neither knows stays unknown.
void add(chat::Usage& sum, const chat::Usage& more) noexcept;

/// Invariant: nothing is encoded for the client after done or failed.
class Reading final : private host::EventSink, private chat::EventTaker {
 public:
  /// `encoder` null: the answer is not streamed, only gathered. Both outlive the reading. `input_estimate`
  /// stands in for the input tokens of a provider that does not count them. `offered`: the tools whose calls
  /// are looked for in the answer's text; views that outlive the reading too.
  Reading(Encoder* encoder, const Route& route, std::uint64_t input_estimate,
          const chat::Offered& offered = {})
      : encoder_(encoder), route_(route), input_estimate_(input_estimate), assembler_(this, offered) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// Before the first event: the leg goes on with what the client has already. `before` outlives the reading.
  void go_on(const Before& before, chat::Going how);

  enum class State {
    going,
    done,    ///< the answer is whole; what follows on the wire is nothing to us
    failed,  ///< outcome() says how
  };
  State feed(host::Parser& parser, std::string_view bytes);
  /// An answer that a content filter stopped is a failure while the client has seen nothing of it; unless
  /// told so, it is an answer like any other, with that finish reason.
  void filtered_goes_on() noexcept { filtered_goes_on_ = true; }
  /// Before the first event: another leg's answer may become the client's. Nothing is encoded until won().
  void hold_back() noexcept { held_for_ = std::exchange(encoder_, nullptr); }
  /// The client's answer is this one.
  void won();
  /// The body ended.
  State end(host::Parser& parser);
  /// For a provider that answers by itself: it gives its events to sink(), then end() with its status.
  host::EventSink& sink() noexcept { return *this; }
  State end(freellm_status status);
  /// The wire broke. After the answer's legal end that is nobody's loss.
  State broke(const freellm_outcome& outcome);

  State state() const noexcept { return state_; }
  /// REQUIRES: failed.
  const freellm_outcome& outcome() const noexcept { return *outcome_; }
  /// A token that a person would see has come: from here on a failure is the client's to know.
  bool first_token_seen() const noexcept { return first_token_; }
  /// A tool call is being written; it goes out once it is whole.
  bool calling() const noexcept { return assembler_.calling(); }
  /// Encodes the answer's beginning, though nothing of the answer can go out yet.
  void open();
  bool has_output() const noexcept { return !out_.empty(); }
  /// What of this leg's text has been encoded for the client.
  std::string_view shown() const noexcept {
    return before_ != nullptr ? std::string_view{shown_} : std::string_view{answer().text};
  }
  /// It has encoded something that a person would see.
  bool showed() const noexcept { return before_ != nullptr ? noted_ : first_token_; }
  /// It has encoded tool calls.
  bool called() const noexcept { return before_ != nullptr ? called_ : !answer().calls.empty(); }
  /// It has not gone on from where the answer stood.
  bool missed() const noexcept { return missed_; }
  /// This leg's usage and that of the legs before.
  chat::Usage usage_of_all() const;
  /// The finish reason has come; what follows is at most the usage.
  bool finished() const noexcept { return assembler_.answer().finish.has_value(); }
  /// How often the provider has said something, comments and empty pieces not counted.
  std::uint64_t events() const noexcept { return events_; }
  /// Takes the encoded bytes.
  std::string take() { return std::exchange(out_, {}); }
  /// Once done its usage has both figures: the provider's, else ours.
  const chat::Answer& answer() const noexcept { return assembler_.answer(); }
  /// The input's figure in answer() is the provider's own.
  bool input_said() const noexcept { return input_said_; }
  /// The provider said itself that it failed, in the place of an answer.
  bool refused() const noexcept { return errored_ && !first_token_; }
  /// The outcome is in the provider's words.
  bool quoted() const noexcept { return errored_; }
  /// How many tokens were made so far, rather too many than too few.
  std::uint64_t output_estimate() const noexcept;

 private:
  bool on_event(const freellm_event& event) override;
  void on_event(const chat::Event& event) override;
  void resume(const chat::Event& event);
  void give(const chat::Event& event);
  void give_text(std::string_view text);
  void close_seam();
  State judge(freellm_status status);
  State complete();
  State fail(const freellm_outcome& outcome);
  State miss();

  /// An event that is held back.
  struct Early {
    chat::Event::Kind kind;
    std::string text;
    std::uint32_t call_index;
    chat::ToolCall call;
    chat::Extra extra;
  };
  void keep(const chat::Event& event);

  Encoder* encoder_;
  Encoder* held_for_ = nullptr;
  std::vector<Early> early_;
  const Route& route_;
  const std::uint64_t input_estimate_;
  chat::Assembler assembler_;
  std::string out_;
  // What few answers need is apart: a stream that is open for minutes is to be small.
  std::unique_ptr<freellm_outcome> outcome_;
  State state_ = State::going;
  chat::Fed fed_ = chat::Fed::ok;
  const Before* before_ = nullptr;  // null: the first leg
  std::unique_ptr<chat::Seam> seam_;
  std::unique_ptr<chat::JsonPrefix> json_;
  std::string shown_;
  bool noted_ = false, missed_ = false, called_ = false;
  std::uint64_t events_ = 0;
  bool begun_ = false, first_token_ = false, errored_ = false, input_said_ = false, filtered_goes_on_ = false;
};

}  // namespace freellmapi::relay
