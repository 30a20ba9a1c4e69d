// The Asio types of the room, all with the typed executor. Included by the few files that touch sockets.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/task.hpp"

namespace freellmapi::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// co_await socket.async_x(..., awaiting) gives a tuple that begins with the error_code; nothing throws.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> awaiting{
    asio::use_awaitable_t<Executor>{}};

}  // namespace freellmapi::net
