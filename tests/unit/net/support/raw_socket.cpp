#include "support/raw_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace freellmapi::net::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string field(const std::string& head, std::string_view name) {
  const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

RawSocket::~RawSocket() { close(); }

RawSocket::RawSocket(RawSocket&& other) noexcept
    : held(std::move(other.held)), descriptor_(std::exchange(other.descriptor_, -1)), reset_(other.reset_) {}

RawSocket RawSocket::connect(std::uint16_t port, int receive_buffer) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer != 0)
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int yes = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return RawSocket(-1);
  }
  return RawSocket(descriptor);
}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawSocket::receive(std::chrono::milliseconds limit) {
  pollfd state{};
  state.fd = descriptor_;
  state.events = POLLIN;
  if (::poll(&state, 1, static_cast<int>(limit.count())) != 1) return false;
  std::array<char, 16384> piece;
  const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
  if (got < 0) reset_ = errno == ECONNRESET;
  if (got <= 0) return false;
  held.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawSocket::read_until(std::string_view text) {
  for (;;) {
    const std::size_t at = held.find(text);
    if (at != std::string::npos) {
      std::string found = held.substr(0, at + text.size());
      held.erase(0, found.size());
      return found;
    }
    if (!receive()) return {};
  }
}

std::string RawSocket::read_exactly(std::size_t count) {
  while (held.size() < count && receive()) continue;
  std::string found = held.substr(0, count);
  held.erase(0, found.size());
  return found;
}

std::string RawSocket::read_to_end(std::chrono::milliseconds limit) {
  while (receive(limit)) continue;
  return std::exchange(held, {});
}

RawAnswer RawSocket::read_answer(bool to_head) {
  RawAnswer answer;
  answer.head = read_until("\r\n\r\n");
  if (answer.head.size() < 12) return answer;
  answer.status = std::atoi(answer.head.c_str() + 9);
  if (to_head || answer.status < 200 || answer.status == 204) {
    answer.whole = true;
  } else if (answer.has("Transfer-Encoding: chunked")) {
    for (;;) {
      const std::string line = read_until("\r\n");
      if (line.empty()) return answer;
      const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
      const std::string piece = read_exactly(size + 2);
      if (piece.size() != size + 2) return answer;
      if (size == 0) break;
      answer.body.append(piece, 0, size);
    }
    answer.whole = true;
  } else if (const std::string length = field(answer.head, "Content-Length"); !length.empty()) {
    const std::size_t size = std::strtoul(length.c_str(), nullptr, 10);
    answer.body = read_exactly(size);
    answer.whole = answer.body.size() == size;
  } else {
    answer.body = read_to_end();
    answer.whole = !reset_;
  }
  return answer;
}

bool RawSocket::ends_within(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd state{};
    state.fd = descriptor_;
    state.events = POLLIN;
    if (::poll(&state, 1, static_cast<int>(left.count())) != 1) return false;
    if (!receive(std::chrono::milliseconds{1})) return true;
  }
}

void RawSocket::half_close() { ::shutdown(descriptor_, SHUT_WR); }

void RawSocket::reset() {
  linger option{};
  option.l_onoff = 1;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &option, sizeof option);
  close();
}

void RawSocket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

RawPeer::RawPeer(Serve serve) : serve_(std::move(serve)) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(descriptor_, 128);
  socklen_t size = sizeof address;
  ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

void RawPeer::accept_all() {
  for (;;) {
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) return;
    const std::lock_guard lock(mutex_);
    const int number = static_cast<int>(accepted_.size());
    accepted_.push_back(::dup(accepted));
    threads_.emplace_back([this, accepted, number] {
      RawSocket socket(accepted);
      serve_(socket, number);
      // The duplicate must not keep the connection open.
      const std::lock_guard inner(mutex_);
      int& copy = accepted_[static_cast<std::size_t>(number)];
      if (copy >= 0) ::close(std::exchange(copy, -1));
    });
  }
}

int RawPeer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(accepted_.size());
}

RawPeer::~RawPeer() {
  ::shutdown(descriptor_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int copy : accepted_) {
      if (copy >= 0) ::shutdown(copy, SHUT_RDWR);
    }
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(descriptor_);
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace freellmapi::net::testing
