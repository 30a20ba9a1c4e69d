// Tells when something has come to a socket, at the price of one epoll_ctl in the socket's life.
#pragma once

#include <coroutine>

#include "net/asio.hpp"

namespace freellmapi::net {

/// Asio asks the kernel once for every wait, or tries a read that finds nothing. This keeps an interest
/// standing instead and remembers what it was told, so that a read is tried only where there is something.
///
/// What it can not see: an end of file that came in one moment with the bytes before it, when the read took
/// all of those bytes. Who is to notice such an end calls suspect() or look() now and then.
///
/// Core only. Must not outlive its socket. A wait ends, too, when the socket is cancelled or closed.
class Readiness {
  struct State;

 public:
  /// What wait() gives to be awaited.
  class Wait {
   public:
    explicit Wait(State& state) noexcept : state_(state) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const;
    void await_resume() const noexcept {}

   private:
    State& state_;
  };

  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness();

  /// The socket is connected and stays where it is.
  void attach(Socket& socket);

  /// There may be something: worth a read.
  bool readable() const noexcept;
  /// A read has found nothing, or less than it had room for.
  void drained() noexcept;
  /// The next read is tried, whatever was told.
  void suspect() noexcept;
  /// suspect(), and who waits goes on.
  void look() noexcept;

  /// Until there may be something. Only while readable() is false; one waits at a time.
  Wait wait() const noexcept { return Wait(*state_); }
  /// Calls `call` once when something comes and nobody waits; null takes it away.
  void notify(void (*call)(void* owner) noexcept, void* owner) noexcept;

 private:
  State* state_ = nullptr;  // its own while the loop knows of it, else ours
};

}  // namespace freellmapi::net
