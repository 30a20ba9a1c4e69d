#include "net/authority.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.hpp"
#include "net/grammar.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t longest_host = 255;

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

bool is_ipv6(const std::string& text) noexcept {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_name_byte(char c) noexcept { return is_digit(c) || is_alpha(c) || c == '.' || c == '-' || c == '_'; }

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.host = base::to_lower(text.substr(1, end - 1));
    if (!is_ipv6(authority.host)) return std::nullopt;
    rest = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    authority.host = base::to_lower(text.substr(0, end));
    if (authority.host.empty() || authority.host.size() > longest_host) return std::nullopt;
    if (!std::all_of(authority.host.begin(), authority.host.end(), is_name_byte)) return std::nullopt;
    rest = text.substr(end);
  }
  if (rest.empty()) return authority;
  if (rest.front() != ':') return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

HostRules::HostRules(std::string_view address, std::uint16_t port, const std::vector<std::string>& hosts)
    : address_(base::to_lower(address)), port_(port) {
  for (const std::string& host : hosts) {
    if (auto authority = parse_authority(host)) hosts_.push_back(std::move(*authority));
  }
  const std::string ours = ":" + std::to_string(port);
  for (const std::string& host : {std::string("127.0.0.1"), std::string("localhost"), address_})
    add_usual(host + ours);
  for (const Authority& listed : hosts_) {
    add_usual(listed.host);
    add_usual(listed.host + (listed.port ? ":" + std::to_string(*listed.port) : ours));
  }
}

// Judged like any other, here and not for each request.
void HostRules::add_usual(std::string text) {
  const auto authority = parse_authority(text);
  if (authority && allowed(*authority)) usual_.push_back(std::move(text));
}

bool HostRules::usual(std::string_view text) const noexcept {
  return std::find(usual_.begin(), usual_.end(), text) != usual_.end();
}

bool HostRules::allowed(const Authority& authority) const noexcept {
  constexpr std::uint16_t http_port = 80;
  if (authority.port.value_or(http_port) == port_) {
    const std::string& host = authority.host;
    if (host == "localhost" || host == "127.0.0.1" || host == "::1" || host == address_) return true;
  }
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const Authority& listed) {
    return listed.host == authority.host &&
           (!listed.port || *listed.port == authority.port.value_or(http_port));
  });
}

}  // namespace freellmapi::net
