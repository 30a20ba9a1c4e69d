// The HTTP/1.1 server: one acceptor, pool of upstream connections and sweeper per core.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/exchange.hpp"
#include "net/turn.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

/// What one thread owns. Everything of a request stays on its core.
class Core {
 public:
  virtual ~Core() = default;
  virtual unsigned index() const noexcept = 0;
  virtual UpstreamClient& upstream() noexcept = 0;
  virtual const base::Clock& clock() const noexcept = 0;
  virtual Turn& turn() noexcept = 0;
  /// Suspends the calling coroutine until `when` or until wake() by the returned handle's owner; coarse (<=
  /// 50 ms late).
  virtual Task<void> sleep_until(base::Instant when) = 0;
};

/// Answers requests. One coroutine per request; an exception that escapes becomes a 500 and a log line.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<void> handle(Exchange& exchange, Core& core) = 0;
};

struct ServerLimits {
  std::size_t head_bytes = 32 * 1024;
  std::size_t target_bytes = 8 * 1024;
  std::size_t fields = 100;
  std::size_t body_bytes = 25 * 1024 * 1024;
  std::size_t connections = 16'384;              ///< over all cores
  std::chrono::milliseconds head{15'000};        ///< total time for a head
  std::chrono::milliseconds body_grace{10'000};  ///< then at least 1 KiB/s on average
  std::chrono::milliseconds idle{75'000};        ///< between requests
  std::chrono::milliseconds write_stall{30'000};
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3001;  ///< 0: any free one
  /// Host names accepted besides loopback names and the listen address ("name" or "name:port").
  std::vector<std::string> hosts;
  unsigned cores = 0;  ///< 0: as many as the machine has
  ServerLimits limits;
  UpstreamOptions upstream;
};

/// Work that nobody asked for, beside the requests. Outlives the server.
class Background {
 public:
  virtual ~Background() = default;
  /// Runs on one core. Suspended work ends with the server.
  virtual Task<void> run(Core& core) = 0;
};

/// Owns the threads. Construct, listen(), run() on the main thread, drain() from any thread or signal
/// callback.
class Server {
 public:
  Server(ServerOptions options, Handler& handler, const base::Clock& clock, const base::Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds, and takes SIGTERM, SIGINT and SIGHUP from then on; run() obeys those that came before it.
  /// The error is one sentence a user can act on (port in use, no such address, permission).
  base::Result<void> listen();
  std::uint16_t port() const noexcept;

  /// Starts the work on the first core when run() begins. After listen(), at most once; `name` is for the
  /// log.
  void set_background(const char* name, Background& work);

  /// Runs until drained. SIGTERM and SIGINT drain (a second one ends at once); SIGHUP calls on_hangup;
  /// on_tick is called on the main thread about once a second (file watching, time-outs of slow things).
  void run(std::function<void()> on_hangup, std::function<void()> on_tick);

  /// No new connections, requests end, at most `limit`; then run() returns.
  void drain(std::chrono::milliseconds limit);
  bool draining() const noexcept;

  /// Requests in progress and open connections, over all cores.
  struct Load {
    std::size_t requests = 0, connections = 0;
    std::uint64_t internal_errors = 0;  ///< handlers that threw or did not answer, since the start
    UpstreamLoad upstream;
  };
  Load load() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freellmapi::net
