// Host names with ports, and which of them this server answers for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::net {

struct Authority {
  std::string host;  ///< lower case; an IPv6 address without its brackets
  std::optional<std::uint16_t> port;
};

/// "host", "host:port", "[::1]:port": nothing else, no user, no path, no space.
std::optional<Authority> parse_authority(std::string_view text);

/// Keeps web pages away whose name was pointed at this machine (DNS rebinding).
class HostRules {
 public:
  HostRules() = default;
  /// `hosts` are "name" (any port) or "name:port".
  HostRules(std::string_view address, std::uint16_t port, const std::vector<std::string>& hosts);
  /// Loopback names and the listen address with our port, and what was listed.
  bool allowed(const Authority& authority) const noexcept;
  /// True for what nearly every client says: an allowed authority, letter by letter as we would write it. Of
  /// another text it says nothing.
  bool usual(std::string_view text) const noexcept;

 private:
  void add_usual(std::string text);

  std::string address_;
  std::uint16_t port_ = 0;
  std::vector<Authority> hosts_;
  std::vector<std::string> usual_;
};

}  // namespace freellmapi::net
