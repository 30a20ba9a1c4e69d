// One connection to a provider, plain or TLS: the only place that knows which.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "net/asio.hpp"
#include "net/readiness.hpp"
#include "net/tls.hpp"

namespace freellmapi::net {

/// How an operation ended.
enum class IoEnd {
  good,
  eof,     ///< a legal end: FIN, and for TLS a close_notify before it
  broken,  ///< reset, or closed by us, or a TLS end without close_notify
};

struct IoResult {
  std::size_t count = 0;
  IoEnd end = IoEnd::good;
};

/// Counts what lives. The number outlives it.
class CountedIn {
 public:
  CountedIn() = default;
  explicit CountedIn(std::atomic<std::size_t>& number) noexcept : number_(&number) {
    number_->fetch_add(1, std::memory_order_relaxed);
  }
  CountedIn(CountedIn&& other) noexcept : number_(std::exchange(other.number_, nullptr)) {}
  CountedIn& operator=(CountedIn&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~CountedIn() {
    if (number_ != nullptr) number_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t>* number_ = nullptr;
};

/// Core only. close() makes a pending operation end with `broken`.
class Stream {
 public:
  explicit Stream(Socket socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() noexcept { return socket_; }
  /// The connection is made: sets TCP_NODELAY and takes the descriptor.
  void connected() noexcept;
  /// Handshake. `slot` gives and takes the session.
  Task<IoResult> start_tls(std::shared_ptr<SSL_CTX> context, std::string host,
                           std::shared_ptr<SessionSlot> slot);

  /// Whatever is there, at least one byte. An end that came in one moment with what the last read took is
  /// seen only after suspect() or look().
  Task<IoResult> read_some(char* to, std::size_t room);
  /// write_some() without waiting. Nothing: it would have to wait, or this is no plain connection.
  std::optional<IoResult> write_now(std::span<const iovec> pieces);
  /// As read_some(), without waiting. Nothing: it is dry(), or else TLS has to write first, and read_some()
  /// waits for that.
  std::optional<IoResult> try_read(char* to, std::size_t room);
  /// Some of the pieces; the count is what was taken. Plain: one gather write. TLS: up to one record.
  Task<IoResult> write_some(std::span<const iovec> pieces);

  void suspect() noexcept { ready_.suspect(); }
  /// Nothing has come: await more() first, so that no memory waits for it.
  bool dry() const noexcept { return open() && !ready_.readable(); }
  Readiness::Wait more() const noexcept { return ready_.wait(); }
  void look() noexcept {
    if (open()) ready_.look();
  }

  void close() noexcept;
  bool open() const noexcept { return descriptor_ >= 0; }
  bool tls() const noexcept { return ssl_ != nullptr; }
  bool resumed() const noexcept { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }
  /// True when an idle connection can be used again: still open, and nothing has come that nobody asked for.
  bool quiet() noexcept;
  /// The system's or OpenSSL's words for the last `broken`.
  const std::string& reason() const noexcept { return reason_; }
  /// Requests that this connection has carried to their legal end.
  unsigned uses = 0;
  CountedIn counted;  ///< by the client that keeps it

 private:
  std::optional<IoResult> try_read_plain(char* to, std::size_t room);
  std::optional<IoResult> try_read_tls(char* to, std::size_t room);
  Task<bool> wait_for(int ssl_result);
  void end_tls(int wanted);
  IoResult broken(const ErrorCode& ec);

  Socket socket_;
  Readiness ready_;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SessionSlot> slot_;
  SslPtr ssl_;
  std::unique_ptr<char[]> record_;
  std::size_t record_size_ = 0;
  std::string reason_;
  int descriptor_ = -1;
  IoEnd end_ = IoEnd::good;
};

}  // namespace freellmapi::net
