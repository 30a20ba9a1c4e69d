// Which addresses may be dialled. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string_view>

namespace freellmapi::net {

enum class Reach {
  everywhere,  ///< a public address
  local,       ///< loopback, private or unique-local: only where local_allowed
  never,       ///< metadata services, link-local, multicast, and IPv6 forms that hide an IPv4 address
};

Reach reach_of(const boost::asio::ip::address& address) noexcept;

/// Names of metadata services, with or without the final dot.
bool is_forbidden_name(std::string_view host) noexcept;

}  // namespace freellmapi::net
