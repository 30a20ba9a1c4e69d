// The Asio types of the room, all with the typed executor: an any_io_executor costs up to a third of a
// request. Included by the few files that touch sockets.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <optional>
#include <tuple>
#include <utility>

#include "net/task.hpp"

namespace freellmapi::net {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// co_await socket.async_x(..., awaiting) gives a tuple that begins with the error_code; nothing throws.
struct Awaiting {};
inline constexpr Awaiting awaiting;

/// An operation of Asio's that begins when it is awaited; its coroutine goes on where the loop completes it.
template <class Results, class Begin, class... Arguments>
class Operation {
 public:
  Operation(Begin begin, Arguments... arguments)
      : begin_(std::move(begin)), arguments_(std::move(arguments)...) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    const auto call = [this](Arguments&... given) { std::move(begin_)(Done{this}, std::move(given)...); };
    std::apply(call, arguments_);
  }
  Results await_resume() { return std::move(*results_); }

 private:
  struct Done {
    template <class... Given>
    void operator()(Given&&... given) const {
      operation->results_.emplace(std::forward<Given>(given)...);
      operation->awaiter_.resume();
    }
    Operation* operation;
  };

  Begin begin_;
  std::tuple<Arguments...> arguments_;
  std::optional<Results> results_;
  std::coroutine_handle<> awaiter_;
};

}  // namespace freellmapi::net

template <class... Results>
struct boost::asio::async_result<freellmapi::net::Awaiting, void(Results...)> {
  template <class Begin, class... Arguments>
  static auto initiate(Begin&& begin, freellmapi::net::Awaiting, Arguments&&... arguments) {
    return freellmapi::net::Operation<std::tuple<std::decay_t<Results>...>, std::decay_t<Begin>,
                                      std::decay_t<Arguments>...>(std::forward<Begin>(begin),
                                                                  std::forward<Arguments>(arguments)...);
  }
};
