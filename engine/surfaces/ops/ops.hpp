// Probes: /health, /livez, /readyz, /version. No key, no upstream call, no quota.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "relay/relay.hpp"
#include "surfaces/front/front.hpp"

namespace freellmapi::surfaces {

/// What the process says about itself beyond the policy; set by whoever reloads. Thread safety: any thread.
class Status {
 public:
  /// Why the last reload changed nothing; "" when it succeeded.
  void set_reload_error(std::string text);
  std::string reload_error() const;

 private:
  mutable std::mutex mutex_;
  std::string reload_error_;
};

/// /livez: the process answers. Always 200.
class Livez final : public Endpoint {
 public:
  net::Task<void> handle(Incoming& incoming) override;
};

/// /readyz and /health: 200 when at least one candidate of the default chain can be used now, else 503 with
/// the reason. /health adds counts, the policy's version and what went wrong at the last reload.
class Health final : public Endpoint {
 public:
  Health(const relay::Relay& relay, quota::Ledger& ledger, const base::Clock& clock, const Status& status,
         std::function<bool()> draining, bool detailed);
  net::Task<void> handle(Incoming& incoming) override;

 private:
  const relay::Relay& relay_;
  quota::Ledger& ledger_;
  const base::Clock& clock_;
  const Status& status_;
  const std::function<bool()> draining_;
  const bool detailed_;
};

class Version final : public Endpoint {
 public:
  net::Task<void> handle(Incoming& incoming) override;
};

/// The program's own version.
std::string_view program_version() noexcept;

}  // namespace freellmapi::surfaces
