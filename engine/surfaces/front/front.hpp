// The front door: path, method, key, content type and body are judged here, in this order, once, for every
// surface.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/lock.hpp"
#include "base/log.hpp"
#include "relay/meter.hpp"
#include "surfaces/front/endpoint.hpp"
#include "surfaces/front/gate.hpp"
#include "surfaces/front/refusal_count.hpp"

namespace freellmapi::surfaces {

/// Every route says who may use it; there is no default.
enum class Access { key, open };

struct Route {
  std::string_view path;    ///< exact, or a prefix when it ends with '/'
  std::string_view method;  ///< GET (HEAD comes with it) or POST
  Access access;
  std::string_view surface;  ///< for the log; "" keeps the request out of the log (probes)
  Endpoint& endpoint;
};

class FrontDoor final : public net::Handler {
 public:
  FrontDoor(KeyGate gate, std::vector<Route> routes, const base::Log& log, const base::Clock& clock);
  net::Task<void> handle(net::Exchange& exchange, net::Core& core) override;

  /// From now on this gate is asked. Any thread.
  void set_gate(KeyGate gate);
  /// Before the first request; the sink outlives the last. Gets every request that is logged and not refused
  /// at the door.
  void keep_records(relay::RecordSink* sink) noexcept { sink_ = sink; }
  /// Before the first request; the meter outlives the last. Counts every request but probes.
  void count_with(relay::Meter& meter);

 private:
  struct Match;
  struct Refusal;
  Match match(std::string_view path, std::string_view method) const;
  net::Task<void> refuse(Incoming& incoming, Refusal refusal);
  net::Task<void> preflight(Incoming& incoming, std::string_view allow);
  std::optional<Refusal> objection(Incoming& incoming, const Match& found) const;
  const Route* enter(Incoming& incoming, std::unique_ptr<Refusal>& refusal) const;
  void write_log(const Incoming& incoming, const base::Moment& ended);
  KeyGate::Verdict judge(const net::RequestHead& head) const;

  mutable base::Lock gate_mutex_;
  KeyGate gate_;  // guarded by gate_mutex_
  relay::RecordSink* sink_ = nullptr;
  relay::Meter* meter_ = nullptr;
  const std::vector<Route> routes_;
  std::vector<std::uint32_t> counted_as_;  // each route's surface, and that of none, by the meter
  const base::Log& log_;
  const base::Clock& clock_;
  RefusalCount refusals_;
};

}  // namespace freellmapi::surfaces
