#include "net/proxy_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "net/authority.hpp"
#include "net/grammar.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

namespace {

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;  // 32 or 128; zero: not an address
};

Address parse_address(std::string_view text) {
  Address address;
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
  }
  return address;
}

bool inside(const Address& address, std::string_view block) {
  const std::size_t slash = block.find('/');
  if (slash == std::string_view::npos) return false;
  const Address network = parse_address(block.substr(0, slash));
  unsigned bits = 0;
  const std::string_view digits = block.substr(slash + 1);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (ec != std::errc{} || end != digits.data() + digits.size()) return false;
  if (network.bits == 0 || network.bits != address.bits || bits > network.bits) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if ((network.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool is_loopback(const std::string& host) {
  const Address address = parse_address(host);
  if (address.bits == 32) return address.bytes[0] == 127;
  return host == "localhost" || host.ends_with(".localhost") || host == "::1";
}

bool excluded(const Origin& origin, std::string_view list) {
  const std::string host = base::to_lower(origin.host);
  const Address address = parse_address(host);
  bool found = false;
  for_each_element(list, [&](std::string_view element) {
    if (element == "*") found = true;
    if (address.bits != 0 && inside(address, element)) found = true;
    const auto authority = parse_authority(element.starts_with('.') ? element.substr(1) : element);
    // An IPv6 address may stand there without brackets.
    const std::string name = authority ? authority->host : base::to_lower(element);
    if (authority && authority->port && *authority->port != origin.port) return;
    if (host == name) found = true;
    if (address.bits == 0 && host.size() > name.size() && host.ends_with(name) &&
        host[host.size() - name.size() - 1] == '.') {
      found = true;
    }
  });
  return found;
}

std::string lookup(std::string (*environment)(const char*), const char* lower, const char* upper) {
  std::string value = environment(lower);
  return value.empty() ? environment(upper) : value;
}

}  // namespace

std::optional<ProxyUrl> parse_proxy_url(std::string_view url) {
  ProxyUrl proxy;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const std::string scheme = base::to_lower(url.substr(0, scheme_end));
  constexpr std::uint16_t socks_port = 1080, http_port = 80;
  proxy.port = socks_port;
  if (scheme == "http") {
    proxy.port = http_port;
  } else if (scheme == "socks5") {
    proxy.kind = ProxyUrl::Kind::socks5;
  } else if (scheme == "socks5h") {
    proxy.kind = ProxyUrl::Kind::socks5h;
  } else {
    return std::nullopt;
  }
  url.remove_prefix(scheme_end + 3);
  if (url.ends_with('/')) url.remove_suffix(1);
  const std::size_t at = url.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user = url.substr(0, at);
    const std::size_t colon = user.find(':');
    proxy.has_user = true;
    proxy.user = percent_decode(user.substr(0, colon));
    if (colon != std::string_view::npos) proxy.password = percent_decode(user.substr(colon + 1));
    constexpr std::size_t socks_longest = 255;
    if (proxy.user.size() > socks_longest || proxy.password.size() > socks_longest) return std::nullopt;
    url.remove_prefix(at + 1);
  }
  const auto authority = parse_authority(url);
  if (!authority) return std::nullopt;
  proxy.host = authority->host;
  proxy.port = authority->port.value_or(proxy.port);
  return proxy;
}

std::string proxy_from_environment(const Origin& origin, std::string (*environment)(const char* name)) {
  if (is_loopback(base::to_lower(origin.host))) return {};
  if (excluded(origin, lookup(environment, "no_proxy", "NO_PROXY"))) return {};
  std::string proxy = origin.tls ? lookup(environment, "https_proxy", "HTTPS_PROXY")
                                 : lookup(environment, "http_proxy", "HTTP_PROXY");
  if (proxy.empty()) proxy = lookup(environment, "all_proxy", "ALL_PROXY");
  if (!proxy.empty() && proxy.find("://") == std::string::npos) proxy.insert(0, "http://");
  if (proxy.starts_with("socks://")) proxy.replace(0, 8, "socks5://");
  return proxy;
}

}  // namespace freellmapi::net
