// Blocking sockets for tests: a client that says exactly what it is told, and a peer for our client to call.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace freellmapi::net::testing {

struct RawAnswer {
  int status = 0;  ///< 0: the connection ended before an answer
  std::string head, body;
  bool whole = false;  ///< the body came to its legal end
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

/// One connection, either side. Every wait is bounded.
class RawSocket {
 public:
  explicit RawSocket(int descriptor) : descriptor_(descriptor) {}
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;
  RawSocket(const RawSocket&) = delete;
  static RawSocket connect(std::uint16_t port, int receive_buffer = 0);

  /// False when the other side is gone.
  bool send(std::string_view bytes);
  /// More bytes into `held`; false at the end, a reset or after `limit`.
  bool receive(std::chrono::milliseconds limit = std::chrono::seconds{5});
  /// Reads until `text` has come; gives out everything up to and with it, "" when it does not come.
  std::string read_until(std::string_view text);
  std::string read_exactly(std::size_t count);
  std::string read_to_end(std::chrono::milliseconds limit = std::chrono::seconds{5});
  /// One answer; 1xx answers are given out like others.
  RawAnswer read_answer(bool to_head = false);
  /// True when the other side ends the connection (FIN or reset) within `limit`.
  bool ends_within(std::chrono::milliseconds limit);
  bool was_reset() const noexcept { return reset_; }

  void half_close();
  /// Closes so that the other side gets a reset.
  void reset();
  void close();
  int descriptor() const noexcept { return descriptor_; }

  std::string held;

 private:
  int descriptor_;
  bool reset_ = false;
};

/// Listens on a free loopback port and serves each connection on a thread of its own.
class RawPeer {
 public:
  using Serve = std::function<void(RawSocket&, int number)>;
  explicit RawPeer(Serve serve);
  ~RawPeer();
  std::uint16_t port() const noexcept { return port_; }
  int connections() const;

 private:
  void accept_all();
  Serve serve_;
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // guards accepted_ and threads_
  std::vector<int> accepted_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Waits, in small steps, until the condition holds; false after five seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace freellmapi::net::testing
