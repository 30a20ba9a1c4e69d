// Accepts the connections of one core.
#pragma once

#include <string>

#include "net/asio.hpp"
#include "net/local_core.hpp"
#include "net/server_core.hpp"

namespace freellmapi::net {

/// Keeps one descriptor in reserve, so that even when none is left a client is told so instead of being left
/// waiting.
class Listener {
 public:
  Listener(ServerCore& home, int reserve)
      : home_(home), acceptor_(home.local.io().get_executor()), reserve_(reserve) {}
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Takes over a listening socket.
  void assign(const Tcp& protocol, int descriptor) { acceptor_.assign(protocol, descriptor); }
  Task<void> run();
  void stop() noexcept;

 private:
  void admit(Socket socket);
  void turn_away(Socket& socket);
  void use_reserve();

  ServerCore& home_;
  Acceptor acceptor_;
  int reserve_;
};

}  // namespace freellmapi::net
