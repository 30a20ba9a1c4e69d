// Writes the head of a request to a provider; the only place where a provider's key is revealed. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/upstream.hpp"

namespace freellmapi::net {

/// What every head to an origin has in common.
struct OriginLines {
  OriginLines(const Origin& origin, std::string_view user_agent);

  std::string authority;  ///< as Host names it
  std::string first;      ///< the lines that come before the request's own fields
  std::string agent;      ///< and the one behind them, unless they have one
};

/// The head of one request, in memory that is wiped and can serve the next.
class OutgoingHead {
 public:
  OutgoingHead() = default;
  OutgoingHead(const OutgoingHead&) = delete;
  OutgoingHead& operator=(const OutgoingHead&) = delete;
  ~OutgoingHead() { wipe(); }

  /// The whole head with its empty line, and behind it the body where that is small: true then. Host,
  /// Content-Length and the connection's own fields are ours; control bytes in values become spaces; bytes
  /// that cannot stand in a target are percent-encoded. `proxy_credentials` is the value of
  /// Proxy-Authorization, or empty; `absolute` puts the origin into the target.
  bool write(const OriginLines& origin, const OutgoingRequest& request, bool absolute,
             std::string_view proxy_credentials);
  std::string_view text() const noexcept { return {room_.get(), size_}; }
  void wipe() noexcept;
  /// wipe(), and the memory goes back.
  void release() noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::unique_ptr<char[]> room_;
  std::size_t capacity_ = 0, size_ = 0;
};

}  // namespace freellmapi::net
