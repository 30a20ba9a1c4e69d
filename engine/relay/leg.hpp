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
  Leg(const Run& run, std::size_t of, const Lane& at, const Action& action)
      : lane(of),
        model_index(at.model),
        key_index(at.key),
        provider(run.policy_.providers[at.provider]),
        model(run.policy_.models[at.model]),
        key(at.key == policy::none ? nullptr : &run.policy_.keys[at.key]),
        upstream(run.snapshot_->upstreams[at.provider]),
        counted_as(run.snapshot_->counted_as.providers[at.provider]),
        host(action.host),
        asked(&run.job_.request),
        fresh(action.fresh) {
    route.request_id = run.job_.record.request_id;
    route.id_is_ours = run.job_.record.id_is_ours;
    route.provider = provider.id;
    route.model = run.target_->passed_model.empty() ? model.id : run.target_->passed_model;
  }
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  const std::size_t lane;  ///< of the rules
  const policy::ModelIndex model_index;
  const policy::KeyIndex key_index;  ///< none: keyless
  const policy::Provider& provider;
  const policy::Model& model;
  const policy::Key* key;  ///< null: keyless
  const Upstream& upstream;
  const std::uint32_t counted_as;  ///< the provider, by the meter
  const std::uint32_t host;        ///< of upstream.hosts
  const chat::Request* asked;      ///< the client's, one that asks to go on, or `amended`
  const bool fresh;                ///< over a connection of its own
  Route route;
  std::optional<host::UpstreamRequest> request;  ///< until its answer's head is there
  std::optional<PluginCall> call;
  std::unique_ptr<chat::Request> amended;  ///< sent in place of the client's; null: as it is
  chat::InputShape input;                  ///< of what is sent
  quota::Need need;
  quota::Reservation reservation;
  std::optional<std::uint64_t> stated_cost;  ///< by the answer, in thousandths of the provider's unit
  std::optional<Reading> reading;
  std::string body;                                          ///< of an answer that goes out whole
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
