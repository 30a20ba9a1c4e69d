// One request's life: candidates, attempts, the commit point, settling. Every surface goes through here.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "chat/calibration.hpp"
#include "chat/request.hpp"
#include "net/exchange.hpp"
#include "net/server.hpp"
#include "quota/ledger.hpp"
#include "relay/conversations.hpp"
#include "relay/encoder.hpp"
#include "relay/health.hpp"
#include "relay/key_watch.hpp"
#include "relay/lines.hpp"
#include "relay/meter.hpp"
#include "relay/record.hpp"
#include "relay/snapshot.hpp"

namespace freellmapi::relay {

/// What a surface hands over. Everything outlives serve().
struct Job {
  const chat::Request& request;
  Encoder& encoder;
  net::AnswerFields& common;  ///< X-Request-Id, CORS: for the one reply, which may take it
  Record& record;
  std::optional<bool> continue_stream{};  ///< the client's own word on routing.continue_streams
};

/// Thread safety: serve() on any core; what is shared (ledger, conversations, health, snapshot) guards
/// itself.
class Relay {
 public:
  Relay(const Current& current, quota::Ledger& ledger, Conversations& conversations, Meter& meter,
        const base::Clock& clock, const base::Log& log)
      : current_(current),
        ledger_(ledger),
        conversations_(conversations),
        clock_(clock),
        log_(log),
        meter_(meter) {}

  /// Answers the exchange, whatever happens. Ends when the last byte is written or the client has gone.
  net::Task<void> serve(net::Exchange& exchange, net::Core& core, Job job);

  const Current& current() const noexcept { return current_; }
  quota::Ledger& ledger() noexcept { return ledger_; }
  chat::Calibration& calibration() noexcept { return calibration_; }
  const Meter& meter() const noexcept { return meter_; }
  /// Before the first request; the watch outlives the last. Null: nobody watches.
  void watch_keys(KeyWatch* watch) noexcept { watch_ = watch; }

 private:
  friend class Run;
  const Current& current_;
  quota::Ledger& ledger_;
  Conversations& conversations_;
  const base::Clock& clock_;
  const base::Log& log_;
  Health health_;
  KeyWatch* watch_ = nullptr;
  chat::Calibration calibration_;
  Lines lines_;
  Meter& meter_;
};

/// Sends a finished reply with the common fields.
net::Task<bool> send(net::Exchange& exchange, const Reply& reply, const net::AnswerFields& common);

}  // namespace freellmapi::relay
