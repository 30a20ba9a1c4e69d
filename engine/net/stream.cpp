#include "net/stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/pieces.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t record_room = 16 * 1024;
}

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

Stream::~Stream() { close(); }

void Stream::connected() noexcept {
  ErrorCode ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  descriptor_ = socket_.native_handle();
  ready_.attach(socket_);
  ready_.drained();  // nobody speaks before they are asked, and the loop would tell
}

void Stream::close() noexcept {
  descriptor_ = -1;
  ErrorCode ignored;
  socket_.close(ignored);
}

IoResult Stream::broken(const ErrorCode& ec) {
  reason_ = ec.message();
  IoResult result;
  result.end = IoEnd::broken;
  return result;
}

// After a TLS call that gave `result` (not above zero): waits for what it wants. False: it wants nothing, see
// end_.
Task<bool> Stream::wait_for(int result) {
  const int wanted = SSL_get_error(ssl_.get(), result);
  if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE) {
    if (open() && wanted == SSL_ERROR_WANT_READ) {
      ready_.drained();
      co_await ready_.wait();
      if (open()) co_return true;
    } else if (open()) {
      const auto [ec] = co_await socket_.async_wait(Socket::wait_write, awaiting);
      if (!ec && open()) co_return true;
    }
    reason_ = "closed";
    end_ = IoEnd::broken;
    co_return false;
  }
  end_tls(wanted);
  co_return false;
}

// What TLS wants is nothing that one could wait for.
void Stream::end_tls(int wanted) {
  end_ = wanted == SSL_ERROR_ZERO_RETURN ? IoEnd::eof : IoEnd::broken;
  if (end_ == IoEnd::broken) reason_ = tls_reason(ssl_.get());
}

Task<IoResult> Stream::start_tls(std::shared_ptr<SSL_CTX> context, std::string host,
                                 std::shared_ptr<SessionSlot> slot) {
  context_ = std::move(context);
  slot_ = std::move(slot);
  ERR_clear_error();
  ssl_ = make_tls(context_.get(), host, &descriptor_, slot_.get());
  IoResult done;
  if (!ssl_) {
    reason_ = tls_reason(nullptr);
    done.end = IoEnd::broken;
    co_return done;
  }
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return done;
    const bool again = co_await wait_for(result);
    if (again) continue;
    done.end = IoEnd::broken;
    if (end_ == IoEnd::eof) reason_ = "closed in the handshake";
    co_return done;
  }
}

std::optional<IoResult> Stream::try_read(char* to, std::size_t room) {
  return ssl_ ? try_read_tls(to, room) : try_read_plain(to, room);
}

std::optional<IoResult> Stream::try_read_plain(char* to, std::size_t room) {
  for (;;) {
    if (!open()) return broken(asio::error::operation_aborted);
    const ssize_t got = ::recv(descriptor_, to, room, MSG_DONTWAIT);
    if (got >= 0) {
      IoResult done;
      done.count = static_cast<std::size_t>(got);
      if (got == 0) done.end = IoEnd::eof;
      if (got > 0 && done.count < room) ready_.drained();
      return done;
    }
    const ErrorCode failure(errno, boost::system::system_category());
    if (failure.value() == EINTR) continue;
    if (failure.value() != EAGAIN) return broken(failure);
    ready_.drained();
    return std::nullopt;
  }
}

std::optional<IoResult> Stream::try_read_tls(char* to, std::size_t room) {
  if (!open()) return broken(asio::error::operation_aborted);
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), to, static_cast<int>(std::min<std::size_t>(room, 1 << 20)));
  IoResult done;
  if (result > 0) {
    done.count = static_cast<std::size_t>(result);
    return done;
  }
  const int wanted = SSL_get_error(ssl_.get(), result);
  if (wanted == SSL_ERROR_WANT_READ) {
    ready_.drained();
    return std::nullopt;
  }
  if (wanted == SSL_ERROR_WANT_WRITE) return std::nullopt;
  end_tls(wanted);
  done.end = end_;
  return done;
}

Task<IoResult> Stream::read_some(char* to, std::size_t room) {
  for (;;) {
    while (dry()) co_await more();
    const std::optional<IoResult> result = try_read(to, room);
    if (result) co_return *result;
    if (dry()) continue;
    const auto [ec] = co_await socket_.async_wait(Socket::wait_write, awaiting);
    if (ec) co_return broken(ec);
  }
}

std::optional<IoResult> Stream::write_now(std::span<const iovec> pieces) {
  if (ssl_) return std::nullopt;
  for (;;) {
    const ssize_t sent = open() ? send_pieces(descriptor_, pieces) : -1;
    if (sent >= 0) {
      IoResult done;
      done.count = static_cast<std::size_t>(sent);
      return done;
    }
    const ErrorCode failure(open() ? errno : ECANCELED, boost::system::system_category());
    if (failure.value() == EAGAIN) return std::nullopt;
    if (failure.value() != EINTR) return broken(failure);
  }
}

Task<IoResult> Stream::write_some(std::span<const iovec> pieces) {
  IoResult done;
  while (!ssl_) {
    if (const std::optional<IoResult> now = write_now(pieces)) co_return *now;
    const auto [ec] = co_await socket_.async_wait(Socket::wait_write, awaiting);
    if (ec) co_return broken(ec);
  }
  if (!record_) record_ = std::make_unique_for_overwrite<char[]>(record_room);
  record_size_ = 0;
  for (const iovec& piece : pieces) {
    const std::size_t take = std::min(piece.iov_len, record_room - record_size_);
    std::memcpy(record_.get() + record_size_, piece.iov_base, take);
    record_size_ += take;
    if (take < piece.iov_len) break;
  }
  while (done.count < record_size_) {
    ERR_clear_error();
    const int result =
        SSL_write(ssl_.get(), record_.get() + done.count, static_cast<int>(record_size_ - done.count));
    if (result > 0) {
      done.count += static_cast<std::size_t>(result);
      continue;
    }
    const bool again = co_await wait_for(result);
    if (again) continue;
    done.end = IoEnd::broken;
    break;
  }
  OPENSSL_cleanse(record_.get(), record_size_);
  record_.reset();
  co_return done;
}

bool Stream::quiet() noexcept {
  if (!open()) return false;
  char byte = 0;
  if (ssl_) {
    // Tickets may have come behind the last answer: reading takes them in, and says whether there is more.
    ERR_clear_error();
    const int result = SSL_peek(ssl_.get(), &byte, 1);
    return result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
  }
  if (!ready_.readable()) return true;
  const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
  ready_.drained();
  return true;
}

}  // namespace freellmapi::net
