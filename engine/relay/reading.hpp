// One provider's answer on its way to the client: body bytes in, the surface's bytes out. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "chat/assemble.hpp"
#include "host/provider.hpp"
#include "relay/encoder.hpp"
#include "relay/outcomes.hpp"

namespace freellmapi::relay {

/// Invariant: nothing is encoded for the client after done or failed.
class Reading final : private host::EventSink {
 public:
  /// `encoder` null: the answer is not streamed, only gathered. Both outlive the reading.
  Reading(Encoder* encoder, const Route& route) : encoder_(encoder), route_(route) {}

  enum class State {
    going,
    done,    ///< the answer is whole; what follows on the wire is nothing to us
    failed,  ///< outcome() says how
  };
  State feed(host::Parser& parser, std::string_view bytes);
  /// The body ended.
  State end(host::Parser& parser);
  /// For answers that come without a parser: events are given one by one, then end().
  host::EventSink& sink() noexcept { return *this; }
  State end();
  /// The wire broke.
  void broke(const freellm_outcome& outcome);

  State state() const noexcept { return state_; }
  const freellm_outcome& outcome() const noexcept { return outcome_; }
  /// A token that a person would see has come: from here on a failure is the client's to know.
  bool first_token_seen() const noexcept { return first_token_; }
  /// Encoded bytes that have not been taken.
  std::string take();
  bool has_output() const noexcept { return !out_.empty(); }
  const chat::Answer& answer() const noexcept { return assembler_.answer(); }

 private:
  bool on_event(const freellm_event& event) override;
  void encode(const chat::Event& event);
  State settle(freellm_status status);
  void complete();
  void fail(std::uint32_t error_class, std::string_view message);

  Encoder* encoder_;
  const Route& route_;
  chat::Assembler assembler_;
  std::string out_;
  freellm_outcome outcome_{};
  State state_ = State::going;
  bool begun_ = false, first_token_ = false, finish_seen_ = false;
};

}  // namespace freellmapi::relay
