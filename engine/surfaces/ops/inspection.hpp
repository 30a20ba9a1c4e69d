// What the router knows and why it did what it did: /v1/explain, /v1/quota.
#pragma once

#include <optional>
#include <string>

#include "relay/relay.hpp"
#include "surfaces/front/endpoint.hpp"
#include "surfaces/ops/history.hpp"

namespace freellmapi::surfaces {

/// GET /v1/explain/{request-id}: a past request, or 404. GET /v1/explain?model=...: one that nobody has made.
class Explain final : public Endpoint {
 public:
  Explain(const relay::Relay& relay, const quota::Ledger& ledger, const base::Clock& clock, History& history)
      : relay_(relay), ledger_(ledger), clock_(clock), history_(history) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  net::Task<void> past(Incoming& incoming);
  net::Task<void> hypothetical(Incoming& incoming);

  const relay::Relay& relay_;
  const quota::Ledger& ledger_;
  const base::Clock& clock_;
  History& history_;
};

/// Makes the forecast on a thread of its own: it takes longer than a core may be held.
class Foresight {
 public:
  virtual ~Foresight() = default;
  /// The forecast as JSON, at most half a minute old; nothing: it is being made, ask again. Any core.
  virtual std::optional<base::Result<std::string>> ask() = 0;
};

/// GET /v1/forecast.
class Forecast final : public Endpoint {
 public:
  explicit Forecast(Foresight& foresight) : foresight_(foresight) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  Foresight& foresight_;
};

/// GET /v1/quota: every counter, every cooldown, the month's budget.
class Quota final : public Endpoint {
 public:
  Quota(const relay::Relay& relay, const quota::Ledger& ledger, const base::Clock& clock)
      : relay_(relay), ledger_(ledger), clock_(clock) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  const relay::Relay& relay_;
  const quota::Ledger& ledger_;
  const base::Clock& clock_;
};

}  // namespace freellmapi::surfaces
