#include "net/readiness.hpp"

#include <array>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace freellmapi::net {

namespace {

using Reactor = asio::detail::reactor;

/// Where a socket keeps what the loop knows of it.
struct Opened : Socket {
  static Reactor::per_descriptor_data& data(Socket& socket) {
    return (socket.*(&Opened::impl_)).get_implementation().reactor_data_;
  }
};

}  // namespace

/// Two operations stand in the loop's queue for the socket. One that has something to tell leaves it and is
/// put back behind the other: a queue that is never empty needs no word to the kernel.
struct Readiness::State {
  struct Op final : asio::detail::reactor_op {
    explicit Op(State& its) : reactor_op(ErrorCode(), &Op::perform, &Op::complete), state(its) {}

    static status perform(asio::detail::reactor_op* base) {
      State& state = static_cast<Op*>(base)->state;
      state.readable = true;
      // Exhausted: the other one is not asked in the same moment.
      return state.waiter || state.call != nullptr ? done_and_exhausted : not_done;
    }

    // `owner` null: the loop is being destroyed.
    static void complete(void* owner, asio::detail::operation* base, const ErrorCode&, std::size_t) {
      auto& op = *static_cast<Op*>(base);
      State& state = op.state;
      const bool aborted = static_cast<bool>(std::exchange(op.ec_, ErrorCode()));
      op.armed = false;
      const std::coroutine_handle<> waiter = std::exchange(state.waiter, nullptr);
      if (owner == nullptr || state.socket == nullptr) {
        state.release();
        return;
      }
      if (aborted) {
        state.readable = true;
      } else {
        state.arm(op);
      }
      // Nothing of ours is touched behind these: they may end the connection.
      if (waiter) {
        waiter.resume();
      } else if (!aborted && state.call != nullptr) {
        std::exchange(state.call, nullptr)(state.owner);
      }
    }

    State& state;
    bool armed = false;
  };

  explicit State(Socket& its)
      : reactor(asio::use_service<Reactor>(its.get_executor().context())),
        socket(&its),
        ops{Op(*this), Op(*this)} {}

  void arm(Op& op) {
    op.armed = true;
    reactor.start_op(Reactor::read_op, socket->native_handle(), Opened::data(*socket), &op, false, false);
  }
  void arm() {
    for (Op& op : ops)
      if (!op.armed) arm(op);
  }
  void release() {
    if (socket == nullptr && !ops[0].armed && !ops[1].armed) delete this;
  }

  Reactor& reactor;
  Socket* socket;  // null: nobody listens any more
  bool readable = true;
  std::coroutine_handle<> waiter;
  void (*call)(void*) noexcept = nullptr;
  void* owner = nullptr;
  std::array<Op, 2> ops;
};

Readiness::~Readiness() {
  if (state_ == nullptr) return;
  state_->socket = nullptr;
  state_->call = nullptr;
  state_->release();
}

void Readiness::attach(Socket& socket) {
  state_ = new State(socket);
  state_->arm();
}

bool Readiness::readable() const noexcept { return state_->readable; }
void Readiness::drained() noexcept { state_->readable = false; }
void Readiness::suspect() noexcept { state_->readable = true; }

void Readiness::look() noexcept {
  state_->readable = true;
  if (!state_->waiter) return;
  asio::post(state_->socket->get_executor(), std::exchange(state_->waiter, nullptr));
}

void Readiness::Wait::await_suspend(std::coroutine_handle<> waiter) const {
  state_.arm();
  state_.waiter = waiter;
}

void Readiness::notify(void (*call)(void* owner) noexcept, void* owner) noexcept {
  state_->call = call;
  state_->owner = owner;
  if (call != nullptr) state_->arm();
}

}  // namespace freellmapi::net
