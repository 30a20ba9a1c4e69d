// OpenAI's endpoints behind the front door.
#pragma once

#include "base/clock.hpp"
#include "quota/ledger.hpp"
#include "relay/relay.hpp"
#include "surfaces/front/endpoint.hpp"

namespace freellmapi::surfaces::openai {

/// POST /v1/chat/completions
class ChatEndpoint final : public Endpoint {
 public:
  explicit ChatEndpoint(relay::Relay& relay) : relay_(relay) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  relay::Relay& relay_;
};

/// GET /v1/models and /v1/models/{id}
class ModelsEndpoint final : public Endpoint {
 public:
  ModelsEndpoint(const relay::Relay& relay, const quota::Ledger& ledger, const base::Clock& clock)
      : relay_(relay), ledger_(ledger), clock_(clock) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  relay::Reply list(const Incoming& incoming, const relay::Snapshot& snapshot) const;
  relay::Reply one(const Incoming& incoming, const relay::Snapshot& snapshot) const;

  const relay::Relay& relay_;
  const quota::Ledger& ledger_;
  const base::Clock& clock_;
};

}  // namespace freellmapi::surfaces::openai
