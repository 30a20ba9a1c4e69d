// A request on its way to a provider.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "net/outgoing_head.hpp"

namespace freellmapi::net {

/// The request's head, and what of it and of the body is still to be sent. Its memory serves the next one.
class Sending {
 public:
  /// As OutgoingHead::write().
  void begin(const OriginLines& origin, const OutgoingRequest& request, bool absolute,
             std::string_view proxy_credentials);
  std::span<const iovec> left() const noexcept { return std::span(pieces_).subspan(first_); }
  void sent(std::size_t count) noexcept;
  /// Wipes the head; what is larger than usual goes back.
  void end() noexcept;

 private:
  OutgoingHead head_;
  std::vector<iovec> pieces_;
  std::size_t first_ = 0;
};

}  // namespace freellmapi::net
