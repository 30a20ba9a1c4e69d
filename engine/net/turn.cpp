#include "net/turn.hpp"

#include <algorithm>
#include <utility>

#include "net/asio.hpp"

namespace freellmapi::net {

namespace {
constexpr unsigned lone_most = 8;
constexpr unsigned until_next_look = 2'000;
}  // namespace

struct Turn::Op final : asio::detail::scheduler_operation {
  Op(asio::io_context& io, Turn& its)
      : scheduler_operation(&Op::complete), loop(asio::use_service<asio::detail::scheduler>(io)), turn(its) {}
  // Behind all that the loop knows of.
  void post() { loop.post_immediate_completion(this, false); }
  // `owner` null: the loop is being destroyed.
  static void complete(void* owner, scheduler_operation* base, const ErrorCode&, std::size_t) {
    if (owner != nullptr) static_cast<Op*>(base)->turn.take();
  }

  asio::detail::scheduler& loop;
  Turn& turn;
};

Turn::Turn(asio::io_context& io) : op_(std::make_unique<Op>(io, *this)) {}

Turn::~Turn() = default;

void Turn::Place::await_suspend(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  Queue& queue = turn_.queues_[static_cast<std::size_t>(step_)];
  (queue.first == nullptr ? queue.first : queue.last->next_) = this;
  queue.last = this;
  if (!std::exchange(turn_.under_way_, true)) turn_.op_->post();
}

// What comes to a step that has been taken waits for the next turn, so that no request keeps the loop.
void Turn::take() {
  const auto has_several = [](const Queue& queue) { return queue.first != queue.last; };
  const bool company = std::any_of(queues_.begin(), queues_.end(), has_several);
  lone_ = company ? 0 : std::min(lone_ + 1, lone_most);
  if (lone_ == lone_most) straight_on_ = until_next_look;
  for (Queue& queue : queues_) {
    Place* place = std::exchange(queue, {}).first;
    // It is in the coroutine's frame, which may be gone behind the call.
    while (place != nullptr) std::exchange(place, place->next_)->waiter_.resume();
  }
  under_way_ = std::any_of(queues_.begin(), queues_.end(), [](const Queue& q) { return q.first != nullptr; });
  if (under_way_) op_->post();
}

}  // namespace freellmapi::net
