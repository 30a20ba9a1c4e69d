// The little HTTP/1.1 that both ends of the bench speak, over loopback and non-blocking sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace freellmapi::bench {

/// Nanoseconds of the monotonic clock, which all processes of the machine share.
std::uint64_t now_ns() noexcept;

/// A listening socket on 127.0.0.1, or a connected one; both non-blocking, without Nagle's delay. They end
/// the program with a sentence when that fails: a bench without its sockets has nothing to go on with.
int listen_on(std::uint16_t port);
int connect_to(std::uint16_t port);
int accept_from(int listener) noexcept;  ///< -1: nobody waits

/// The value of a header field, "" when there is none. `head` ends with an empty line.
std::string_view field_of(std::string_view head, std::string_view name) noexcept;
/// -1 when `text` is no number.
std::int64_t number_in(std::string_view text) noexcept;

/// What send() could not take, kept until the socket is writable.
class Outbox {
 public:
  /// False: the connection is lost.
  bool send(int socket, std::string_view bytes);
  bool flush(int socket);
  bool empty() const noexcept { return at_ == waiting_.size(); }

 private:
  std::string waiting_;
  std::size_t at_ = 0;
};

/// Ends the program with a sentence on standard error.
[[noreturn]] void stop(const std::string& why);

}  // namespace freellmapi::bench
