// GET /metrics, for Prometheus.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "net/server.hpp"
#include "relay/relay.hpp"
#include "surfaces/front/endpoint.hpp"
#include "surfaces/ops/ops.hpp"

namespace freellmapi::surfaces {

/// What a scrape shows beside the relay's own counters.
struct Facts {
  struct Plugin {
    std::string provider, version, abi;
  };
  struct Process {
    std::uint64_t resident_bytes = 0, open_files = 0, most_files = 0;
    double cpu_seconds = 0, started_at = 0;  ///< started_at: seconds of the wall clock
  };
  net::Server::Load load;
  std::uint64_t rows_written = 0, rows_dropped = 0;  ///< of the request log
  std::vector<Plugin> plugins;
  Process process;
  bool reload_failed = false;
};

/// Windows that a scrape shows at most. Those that count something come first.
inline constexpr std::size_t windows_shown_most = 1'000;

/// The page of one moment. Label values come from the policy alone: providers, models, labels of keys, rules.
std::string metrics_text(const relay::Meter::Sum& counted, const quota::Plan& plan,
                         const quota::Ledger& ledger, quota::Now now, const Facts& facts);

class Metrics final : public Endpoint {
 public:
  /// `facts` is called for each scrape, on any core.
  Metrics(const relay::Relay& relay, const quota::Ledger& ledger, const base::Clock& clock,
          std::function<Facts()> facts)
      : relay_(relay), ledger_(ledger), clock_(clock), facts_(std::move(facts)) {}
  net::Task<void> handle(Incoming& incoming) override;

 private:
  const relay::Relay& relay_;
  const quota::Ledger& ledger_;
  const base::Clock& clock_;
  const std::function<Facts()> facts_;
};

}  // namespace freellmapi::surfaces
