#include "net/local_core.hpp"

#include <cxxabi.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
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

namespace {
// A lock for what is posted, none for a socket.
constexpr int others_only_post = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;
}  // namespace

LocalCore::LocalCore(unsigned index, const base::Clock& clock, const base::Log& log,
                     const UpstreamOptions& options, TlsStore& tls)
    : index_(index),
      clock_(clock),
      log_(log),
      io_(std::make_unique<asio::io_context>(others_only_post)),
      turn_(*io_),
      sweeper_(std::make_unique<Sweeper>(*io_, clock)),
      client_(std::make_unique<PooledClient>(*this, options, tls)) {}

LocalCore::~LocalCore() { close(); }

void LocalCore::close() noexcept {
  client_->close();
  sweeper_->close();
  while (first_root_ != nullptr) first_root_->frame.destroy();
  io_.reset();
  Frames::release();
}

UpstreamClient& LocalCore::upstream() noexcept { return *client_; }

struct LocalCore::Root {
  struct promise_type : RootLink {
    promise_type(LocalCore& its, const char* called, const Task<void>&) noexcept : core(its), name(called) {
      frame = std::coroutine_handle<promise_type>::from_promise(*this);
      after = core.first_root_;
      if (after != nullptr) after->before = this;
      core.first_root_ = this;
    }
    ~promise_type() {
      if (before != nullptr) before->after = after;
      if (after != nullptr) after->before = before;
      if (core.first_root_ == this) core.first_root_ = after;
    }
    Root get_return_object() const noexcept { return {frame}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const { core.log_failure(name, std::current_exception()); }

    LocalCore& core;
    const char* const name;
  };
  std::coroutine_handle<> frame;
};

LocalCore::Root LocalCore::root(const char*, Task<void> task) { co_await std::move(task); }

void LocalCore::log_failure(const char* name, const std::exception_ptr& escaped) {
  ++failed_tasks_;
  log_.error("task_failed", {{"task", name}, {"exception", exception_type(escaped)}});
}

void LocalCore::spawn(const char* name, Task<void> task) {
  asio::dispatch(io_->get_executor(), root(name, std::move(task)).frame);
}

Task<void> LocalCore::sleep_until(base::Instant when) {
  if (when <= clock_.steady()) co_return;
  Event event(*io_);
  Deadline deadline(*sweeper_, &event, [](void* owner) noexcept { static_cast<Event*>(owner)->set(); });
  deadline.set(when);
  co_await event;
}

void Event::set() noexcept {
  set_ = true;
  if (waiter_) asio::post(io_.get_executor(), std::exchange(waiter_, nullptr));
}

}  // namespace freellmapi::net
