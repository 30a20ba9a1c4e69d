// Puts off what a core sends until it has looked at everything that has come.
#pragma once

#include <coroutine>

#include "net/asio.hpp"

namespace freellmapi::net {

/// A turn of the loop: one question to the kernel, and what it told of. Sends that follow each other find the
/// peer awake, and the code of each kind in the cache; a peer that sleeps is woken once for all of them. With
/// nothing else to do in a turn a send would only wait, so it does not: a core whose turns hold one send each
/// sends at once, and looks again now and then.
///
/// Core only. Must not outlive the loop.
class Turn {
 public:
  /// co_await turn.end(): goes on behind what else this turn has told of.
  class End {
   public:
    explicit End(Turn& turn) noexcept : turn_(turn) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept;
    void await_resume() const noexcept {}

   private:
    friend class Turn;
    Turn& turn_;
    std::coroutine_handle<> waiter_;
    End* next_ = nullptr;
  };

  explicit Turn(asio::io_context& io);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Asked before each send: whether it is to await the end().
  bool puts_off() noexcept;
  End end() noexcept { return End(*this); }

 private:
  struct Op final : asio::detail::scheduler_operation {
    explicit Op(Turn& its) : scheduler_operation(&Op::complete), turn(its) {}
    static void complete(void* owner, scheduler_operation* base, const ErrorCode&, std::size_t);
    Turn& turn;
  };

  void over();

  asio::detail::scheduler& loop_;
  Op op_;  // in the loop's queue while somebody waits
  End *first_ = nullptr, *last_ = nullptr;
  unsigned lone_ = 0;     // turns of one send, one after another
  unsigned at_once_ = 0;  // sends that are not put off
};

}  // namespace freellmapi::net
