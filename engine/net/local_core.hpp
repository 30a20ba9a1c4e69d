// One thread's world: its event loop, deadlines, connections to providers.
#pragma once

#include <coroutine>
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
#include "net/turn.hpp"

namespace freellmapi::net {

class PooledClient;

/// The type of the exception that is being handled or held, for logs: never its text.
std::string exception_type(const std::exception_ptr& error);

/// In the list of what runs on a core. Its address is its coroutine's.
struct RootLink {
  RootLink *before = nullptr, *after = nullptr;
  std::coroutine_handle<> frame;
};

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
  Turn& turn() noexcept override { return turn_; }
  Task<void> sleep_until(base::Instant when) override;

  asio::io_context& io() noexcept { return *io_; }
  Sweeper& sweeper() noexcept { return *sweeper_; }
  const base::Log& log() const noexcept { return log_; }

  /// Destroys the coroutines that still wait, and the loop. Nothing but destruction may follow.
  void close() noexcept;

  /// Starts a coroutine that nobody awaits. What escapes from it is logged with `name` and counted, and
  /// nothing else happens: this is the only way to start one.
  void spawn(const char* name, Task<void> task);
  std::uint64_t failed_tasks() const noexcept { return failed_tasks_; }

 private:
  struct Root;  // the coroutine below all that are awaited
  Root root(const char* name, Task<void> task);
  void log_failure(const char* name, const std::exception_ptr& escaped);

  const unsigned index_;
  const base::Clock& clock_;
  const base::Log& log_;
  std::uint64_t failed_tasks_ = 0;
  std::unique_ptr<asio::io_context> io_;
  Turn turn_;
  std::unique_ptr<Sweeper> sweeper_;
  std::unique_ptr<PooledClient> client_;
  RootLink* first_root_ = nullptr;
};

/// Something a coroutine waits for and another sets. Core only.
class Event {
 public:
  explicit Event(asio::io_context& io) noexcept : io_(io) {}
  /// Who waits goes on from the loop, not in here.
  void set() noexcept;

  // co_await event: goes on at once when it was set. One waits at a time.
  bool await_ready() const noexcept { return set_; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  void await_resume() const noexcept {}

 private:
  asio::io_context& io_;
  std::coroutine_handle<> waiter_;
  bool set_ = false;
};

}  // namespace freellmapi::net
