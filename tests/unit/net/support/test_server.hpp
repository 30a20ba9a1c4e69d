// A real server on a free port, with a handler whose paths the tests know.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/server.hpp"
#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {

/// What the handler's requests have seen and wait for.
struct Happenings {
  std::atomic<int> gone{0};          ///< client_gone() calls
  std::atomic<int> waiting{0};       ///< requests that wait now
  std::atomic<bool> release{false};  ///< lets them go on
  std::atomic<int> write_failed{0};
};

/// GET /hello, /where, /empty, /inject, /throw, /silent, /throw-late, /wait, /drip, /abort, /stream, /flood;
/// POST /echo, /count, /ignore.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();

  RawSocket connect() const { return RawSocket::connect(port()); }
  std::uint16_t port() const noexcept { return server_->port(); }
  Server& server() noexcept { return *server_; }
  Happenings& happenings() noexcept { return happenings_; }
  /// True when run() has returned.
  bool ended() const noexcept { return ended_; }
  /// "METHOD path HTTP/1.1" with Host and `more` (lines with their ends), and the body.
  std::string request(std::string_view line, std::string_view more = {}, std::string_view body = {}) const;

 private:
  base::SystemClock clock_;
  base::Log log_;
  Happenings happenings_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace freellmapi::net::testing
