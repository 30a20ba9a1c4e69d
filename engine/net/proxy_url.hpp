// A proxy's URL, taken apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freellmapi::net {

struct ProxyUrl {
  enum class Kind { http, socks5, socks5h };
  Kind kind = Kind::http;
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  std::string user, password;  ///< percent-decoded
  bool has_user = false;
};

/// "http://[user:pass@]host[:port]", "socks5://", "socks5h://". Nothing when it is none of these.
std::optional<ProxyUrl> parse_proxy_url(std::string_view url);

}  // namespace freellmapi::net
