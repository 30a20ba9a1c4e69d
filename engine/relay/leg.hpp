// What one attempt holds on to while it runs.
#pragma once

#include <memory>
#include <optional>

#include "relay/run.hpp"

namespace freellmapi::relay {

/// How far a failed attempt got, for what the provider may bill.
enum class Spent {
  nothing,  ///< the provider has not seen the request
  refusal,  ///< it answered with an error, or broke off before an answer
  start,    ///< it took the request with a status of success and then said that it failed
  answer,   ///< it was at work on an answer, as far as anyone can tell
};

struct Run::Leg {
  std::size_t lane = 0;
  policy::ModelIndex model_index = policy::none;
  policy::KeyIndex key_index = policy::none;
  const policy::Provider& provider;
  const policy::Model& model;
  const policy::Key* key;  ///< null: keyless
  const Upstream& upstream;
  std::uint32_t host = 0;      ///< of upstream.hosts
  const chat::Request* asked;  ///< the client's, one that asks to go on, or `amended`
  bool fresh = false;          ///< over a connection of its own
  Route route;
  host::UpstreamRequest request;
  std::unique_ptr<PluginCall> call;
  std::unique_ptr<chat::Request> amended;  ///< sent in place of the client's; null: as it is
  chat::InputShape input;                  ///< of what is sent
  quota::Need need;
  quota::Reservation reservation;
  std::optional<std::uint64_t> stated_cost;  ///< by the answer, in thousandths of the provider's unit
  std::optional<Reading> reading;
  std::optional<base::Instant> sent_at{}, first_token_at{};  ///< on the steady clock
  /// How long the first token is waited for, as others may be asked then; nothing: as the policy says.
  std::optional<std::chrono::milliseconds> patience{};
  bool quoted = false;      ///< the outcome is in the provider's words
  bool answered = false;    ///< the host has said something
  int status = 0;           ///< with which it refused; 0: it did not
  bool final_word = false;  ///< it has said that the same again is of no use
  Health::Visit visit{};
  net::Canceller canceller{};
  bool overtaken = false;  ///< booked and cancelled: it is to settle, and no more
};

}  // namespace freellmapi::relay
