// Where requests may go and where we listen: checked when the policy is read, before anything is resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "policy/reader.hpp"

namespace freellmapi::policy {

/// What a literal host is. Names other than localhost are `open`: the address is checked again when it is
/// dialled.
enum class HostKind {
  open,
  loopback,
  local,      ///< private or unique-local literal
  forbidden,  ///< metadata services, link-local, unspecified, multicast, numbers in odd spellings
};
HostKind host_kind(std::string_view host);

struct BaseUrl {
  std::string text;  ///< without a trailing '/'
  HostKind host = HostKind::open;
};

/// http or https, a host, no userinfo, query, fragment or control characters, no forbidden host.
base::Result<BaseUrl> parse_base_url(std::string_view text);
/// The same of a value, with its faults reported; a literal local host is not refused.
std::optional<std::string> read_base_url(const Value& value);

/// "http://host:port", "socks5://...", "socks5h://...", with user:password@ allowed, or "none".
std::optional<std::string> read_proxy(const Value& value);
/// The proxy without its user and password.
std::string proxy_without_secret(const std::string& proxy);

struct Listen {
  std::string address;
  std::uint16_t port = 0;
  bool loopback = false;
};
/// "127.0.0.1:3001", "[::1]:3001", "localhost:3001", ":3001" (loopback). Port 0: any free one.
base::Result<Listen> parse_listen(std::string_view text);

/// A name for the Host header: "router.lan" or "router.lan:8080".
std::optional<std::string> read_host_name(const Value& value);

}  // namespace freellmapi::policy
