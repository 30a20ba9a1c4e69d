// One write of what lies in several places.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <span>

namespace freellmapi::net {

/// So many bytes of a body go into one piece with the head: a second piece costs the kernel more than the
/// copy.
inline constexpr std::size_t copied_most = 4 * 1024;

/// As ::sendmsg() without waiting and without signals; 64 pieces at most. One piece goes by the cheaper call.
inline ssize_t send_pieces(int descriptor, std::span<const iovec> pieces) noexcept {
  constexpr std::size_t most = 64;
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (pieces.size() == 1) return ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), most);
  return ::sendmsg(descriptor, &message, flags);
}

}  // namespace freellmapi::net
