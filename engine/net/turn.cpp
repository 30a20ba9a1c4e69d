#include "net/turn.hpp"

#include <utility>

namespace freellmapi::net {

namespace {
constexpr unsigned lone_most = 4;
constexpr unsigned until_next_look = 256;
}  // namespace

Turn::Turn(asio::io_context& io) : loop_(asio::use_service<asio::detail::scheduler>(io)), op_(*this) {}

bool Turn::puts_off() noexcept {
  if (at_once_ == 0) return true;
  --at_once_;
  return false;
}

void Turn::End::await_suspend(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  if (turn_.first_ == nullptr) {
    turn_.first_ = this;
    turn_.loop_.post_immediate_completion(&turn_.op_, false);  // behind all that the loop knows of
  } else {
    turn_.last_->next_ = this;
  }
  turn_.last_ = this;
}

// `owner` null: the loop is being destroyed.
void Turn::Op::complete(void* owner, scheduler_operation* base, const ErrorCode&, std::size_t) {
  if (owner != nullptr) static_cast<Op*>(base)->turn.over();
}

void Turn::over() {
  End* end = std::exchange(first_, nullptr);
  if (end->next_ != nullptr) {
    lone_ = 0;
  } else if (lone_ < lone_most) {
    ++lone_;
  }
  if (lone_ == lone_most) at_once_ = until_next_look;
  while (end != nullptr) {
    // It is in the coroutine's frame, which may be gone behind the call.
    std::exchange(end, end->next_)->waiter_.resume();
  }
}

}  // namespace freellmapi::net
