// Through a proxy to a host behind it.
#pragma once

#include <string>
#include <string_view>

#include "net/proxy_url.hpp"
#include "net/stream.hpp"

namespace freellmapi::net {

/// HTTP CONNECT. An empty string is success, else what the proxy said or did.
Task<std::string> tunnel_by_connect(Stream& stream, const ProxyUrl& proxy, std::string target);
/// SOCKS5, with the name left to the proxy or with the literal address in `host`.
Task<std::string> tunnel_by_socks(Stream& stream, const ProxyUrl& proxy, std::string host,
                                  std::uint16_t port);

/// The value of a Proxy-Authorization field.
std::string basic_credentials(const ProxyUrl& proxy);
/// "host:port", an IPv6 address in brackets.
std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace freellmapi::net
