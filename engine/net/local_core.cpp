#include "net/local_core.hpp"

#include <cxxabi.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <typeinfo>

#include "net/pool.hpp"

namespace freellmapi::net {

std::string exception_type(const std::exception_ptr& error) {
  std::string type = "not an exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    int status = 0;
    char* readable = abi::__cxa_demangle(typeid(e).name(), nullptr, nullptr, &status);
    type = status == 0 ? readable : typeid(e).name();
    std::free(readable);
  } catch (...) {
    type = "not derived from std::exception";
  }
  return type;
}

LocalCore::LocalCore(unsigned index, const base::Clock& clock, const base::Log& log,
                     const UpstreamOptions& options, TlsStore& tls)
    : index_(index),
      clock_(clock),
      log_(log),
      io_(std::make_unique<asio::io_context>(1)),
      sweeper_(std::make_unique<Sweeper>(*io_, clock)),
      client_(std::make_unique<PooledClient>(*this, options, tls)) {}

LocalCore::~LocalCore() { close(); }

void LocalCore::close() noexcept {
  client_->close();
  sweeper_->close();
  io_.reset();
}

UpstreamClient& LocalCore::upstream() noexcept { return *client_; }

void LocalCore::spawn(const char* name, Task<void> task) {
  asio::co_spawn(io_->get_executor(), std::move(task), [this, name](const std::exception_ptr& error) {
    if (!error) return;
    ++failed_tasks_;
    log_.error("task_failed", {{"task", name}, {"exception", exception_type(error)}});
  });
}

Task<void> LocalCore::sleep_until(base::Instant when) {
  if (when <= clock_.steady()) co_return;
  Event event(*io_);
  Deadline deadline(*sweeper_, &event, [](void* owner) noexcept { static_cast<Event*>(owner)->set(); });
  deadline.set(when);
  co_await event.wait();
}

void Event::set() noexcept {
  set_ = true;
  timer_.cancel();
}

Task<void> Event::wait() {
  if (!set_) co_await timer_.async_wait(awaiting);
}

}  // namespace freellmapi::net
