// One write of what lies in several places.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace freellmapi::net {

/// So many bytes are put into one piece: each further one costs the kernel more than the copy.
inline constexpr std::size_t copied_most = 4 * 1024;

/// As ::sendmsg() without waiting and without signals; 64 pieces at most.
inline ssize_t send_pieces(int descriptor, std::span<const iovec> pieces) noexcept {
  constexpr std::size_t most = 64;
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (pieces.size() == 1) return ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), most);
  return ::sendmsg(descriptor, &message, flags);
}

/// The same, with a copy where there is little. For what holds no secret: the copy is not wiped.
inline ssize_t send_together(int descriptor, std::span<const iovec> pieces) noexcept {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  if (pieces.size() == 1 || size > copied_most) return send_pieces(descriptor, pieces);
  std::array<char, copied_most> copy;
  char* end = copy.data();
  for (const iovec& piece : pieces) {
    std::memcpy(end, piece.iov_base, piece.iov_len);
    end += piece.iov_len;
  }
  iovec one{};
  one.iov_base = copy.data();
  one.iov_len = size;
  return send_pieces(descriptor, {&one, 1});
}

}  // namespace freellmapi::net
