// The coroutine type of the engine. Typed executor: an any_io_executor costs up to a third of a request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace freellmapi::net {

using Executor = boost::asio::io_context::executor_type;

/// A coroutine that runs on one core. Takes values, or references to things that outlive it.
template <class T>
using Task = boost::asio::awaitable<T, Executor>;

}  // namespace freellmapi::net
