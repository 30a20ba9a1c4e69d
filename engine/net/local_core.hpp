// One thread's world: its event loop, deadlines, connections to providers.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/asio.hpp"
#include "net/deadline.hpp"
#include "net/server.hpp"
#include "net/tls.hpp"

namespace freellmapi::net {

class PooledClient;

/// The type of the exception that is being handled or held, for logs: never its text.
std::string exception_type(const std::exception_ptr& error);

class LocalCore final : public Core {
 public:
  LocalCore(unsigned index, const base::Clock& clock, const base::Log& log, const UpstreamOptions& options,
            TlsStore& tls);
  ~LocalCore() override;
  LocalCore(const LocalCore&) = delete;
  LocalCore& operator=(const LocalCore&) = delete;

  unsigned index() const noexcept override { return index_; }
  UpstreamClient& upstream() noexcept override;
  const base::Clock& clock() const noexcept override { return clock_; }
  Task<void> sleep_until(base::Instant when) override;

  asio::io_context& io() noexcept { return *io_; }
  Sweeper& sweeper() noexcept { return *sweeper_; }
  const base::Log& log() const noexcept { return log_; }

  /// Destroys the loop and the coroutines that still wait in it. Nothing but destruction may follow.
  void close() noexcept;

  /// Starts a coroutine that nobody awaits. What escapes from it is logged with `name` and counted, and
  /// nothing else happens: this is the only way to start one.
  void spawn(const char* name, Task<void> task);
  std::uint64_t failed_tasks() const noexcept { return failed_tasks_; }

 private:
  const unsigned index_;
  const base::Clock& clock_;
  const base::Log& log_;
  std::uint64_t failed_tasks_ = 0;
  std::unique_ptr<asio::io_context> io_;
  std::unique_ptr<Sweeper> sweeper_;
  std::unique_ptr<PooledClient> client_;
};

/// Something a coroutine waits for and another sets. Core only.
class Event {
 public:
  explicit Event(asio::io_context& io) : timer_(io.get_executor(), Timer::time_point::max()) {}
  void set() noexcept;
  /// Returns at once when it was set.
  Task<void> wait();

 private:
  Timer timer_;
  bool set_ = false;
};

}  // namespace freellmapi::net
