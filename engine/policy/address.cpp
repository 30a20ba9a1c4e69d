#include "policy/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace freellmapi::policy {
namespace {

using base::Errc;
using base::Error;
using Bytes4 = std::array<unsigned char, 4>;
using Bytes16 = std::array<unsigned char, 16>;

HostKind kind_of(const Bytes4& a) noexcept {
  if (a[0] == 127) return HostKind::loopback;
  if (a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254)) return HostKind::forbidden;
  if (a == Bytes4{100, 100, 100, 200}) return HostKind::forbidden;
  const bool shared = a[0] == 100 && a[1] >= 64 && a[1] < 128;
  if (a[0] == 10 || (a[0] == 172 && a[1] >= 16 && a[1] < 32) || (a[0] == 192 && a[1] == 168) || shared) {
    return HostKind::local;
  }
  return HostKind::open;
}

HostKind kind_of(const Bytes16& a) noexcept {
  constexpr Bytes16 loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr Bytes16 metadata{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 12> nat64{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
  if (a == loopback) return HostKind::loopback;
  const bool carries_v4 = std::equal(mapped.begin(), mapped.end(), a.begin()) ||
                          std::equal(nat64.begin(), nat64.end(), a.begin());
  if (carries_v4) return kind_of(Bytes4{a[12], a[13], a[14], a[15]});
  const bool zero = std::all_of(a.begin(), a.begin() + 12, [](unsigned char b) { return b == 0; });
  const bool link_local = a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
  if (zero || link_local || a == metadata || a[0] == 0xff) return HostKind::forbidden;
  return (a[0] & 0xfe) == 0xfc ? HostKind::local : HostKind::open;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '-' || c == '_';
         });
}

// "host", "host:port", "[v6]:port"; the brackets are taken off.
struct Authority {
  std::string host, port;
};
std::optional<Authority> split_authority(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    Bytes16 bytes{};
    if (inet_pton(AF_INET6, out.host.c_str(), bytes.data()) != 1) return std::nullopt;
    rest = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    out.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (rest.empty()) return out;
  if (rest.front() != ':' || rest.size() < 2) return std::nullopt;
  out.port = rest.substr(1);
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || end.ec != std::errc{} || end.ptr != text.data() + text.size()) return std::nullopt;
  return port;
}

Error refused(std::string message) { return {Errc::invalid_argument, std::move(message)}; }

}  // namespace

HostKind host_kind(std::string_view host) {
  std::string name = base::to_lower(host);
  while (name.ends_with('.')) name.pop_back();
  Bytes4 v4{};
  if (inet_pton(AF_INET, name.c_str(), v4.data()) == 1) return kind_of(v4);
  Bytes16 v6{};
  if (inet_pton(AF_INET6, name.c_str(), v6.data()) == 1) return kind_of(v6);
  if (name == "localhost" || name.ends_with(".localhost")) return HostKind::loopback;
  if (name == "metadata" || name.starts_with("metadata.")) return HostKind::forbidden;
  // 2852039166, 0251.0376.1 and 0xa9fea9fe are addresses to some resolvers.
  const std::string last = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const bool number =
      !last.empty() &&
      (last.find_first_not_of("0123456789") == std::string::npos ||
       (last.starts_with("0x") && last.find_first_not_of("0123456789abcdef", 2) == std::string::npos));
  return number ? HostKind::forbidden : HostKind::open;
}

base::Result<BaseUrl> parse_base_url(std::string_view text) {
  const bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '\\';
  });
  if (odd) return refused("a URL holds no spaces, backslashes, control characters or letters beyond ASCII");
  std::string_view rest = text;
  const std::string scheme = base::to_lower(rest.substr(0, rest.find("://")));
  if (rest.find("://") == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return refused("expected a URL that begins with https:// or http://");
  }
  rest.remove_prefix(scheme.size() + 3);
  if (rest.find_first_of("?#") != std::string_view::npos)
    return refused("a base URL has no query or fragment");
  const auto authority_text = rest.substr(0, rest.find('/'));
  std::string_view path = rest.substr(authority_text.size());
  if (authority_text.find('@') != std::string_view::npos) {
    return refused("a base URL holds no user name or password");
  }
  const auto authority = split_authority(authority_text);
  const bool literal6 = authority_text.starts_with('[');
  if (!authority || (!literal6 && !is_host_name(authority->host)))
    return refused("the URL has no valid host");
  if (!authority->port.empty() && parse_port(authority->port).value_or(0) == 0) {
    return refused("the URL's port must be between 1 and 65535");
  }
  BaseUrl out;
  out.host = host_kind(authority->host);
  if (out.host == HostKind::forbidden) {
    return refused("the address '" + authority->host +
                   "' must not be called (metadata service or link-local)");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  out.text = scheme + "://" + base::to_lower(authority_text) + std::string(path);
  return out;
}

std::optional<std::string> read_base_url(const Value& value) {
  const auto text = value.text(2048);
  if (!text) return std::nullopt;
  const auto url = parse_base_url(*text);
  if (!url) {
    value.fault(url.error().message);
    return std::nullopt;
  }
  return url->text;
}

std::optional<std::string> read_proxy(const Value& value) {
  auto text = value.text(2048);
  if (!text || *text == "none") return text;
  const auto end = text->find("://");
  const std::string scheme = end == std::string::npos ? "" : text->substr(0, end);
  std::string_view rest =
      end == std::string::npos ? std::string_view{} : std::string_view(*text).substr(end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  rest = rest.substr(rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@') + 1);
  const auto authority = split_authority(rest);
  const bool scheme_known = scheme == "http" || scheme == "socks5" || scheme == "socks5h";
  const bool host_good = authority && (rest.starts_with('[') || is_host_name(authority->host));
  if (!scheme_known || !host_good || parse_port(authority->port).value_or(0) == 0) {
    // The value may hold a password: it is not repeated.
    value.fault("expected none, http://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT");
    return std::nullopt;
  }
  return text->ends_with('/') ? text->substr(0, text->size() - 1) : *text;
}

std::string proxy_without_secret(const std::string& proxy) {
  const auto at = proxy.rfind('@');
  const auto begin = proxy.find("://");
  if (at == std::string::npos || begin == std::string::npos) return proxy;
  return proxy.substr(0, begin + 3) + proxy.substr(at + 1);
}

base::Result<Listen> parse_listen(std::string_view text) {
  const auto authority = split_authority(text);
  const auto port = authority ? parse_port(authority->port) : std::nullopt;
  if (!port) return refused("expected ADDRESS:PORT such as 127.0.0.1:3001");
  Listen out;
  out.port = *port;
  out.address = authority->host.empty() || authority->host == "localhost" ? "127.0.0.1" : authority->host;
  Bytes16 bytes{};
  const bool v4 = inet_pton(AF_INET, out.address.c_str(), bytes.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, out.address.c_str(), bytes.data()) != 1) {
    return refused("expected an IP address to listen on, got \"" + base::printable(out.address, 60) + "\"");
  }
  out.loopback = host_kind(out.address) == HostKind::loopback;
  return out;
}

std::optional<std::string> read_host_name(const Value& value) {
  const auto text = value.text(300);
  if (!text) return std::nullopt;
  const auto authority = split_authority(*text);
  const bool good = authority && (text->starts_with('[') || is_host_name(authority->host)) &&
                    (authority->port.empty() || parse_port(authority->port).value_or(0) != 0);
  if (!good) {
    value.wrong("a host name such as router.lan");
    return std::nullopt;
  }
  return base::to_lower(*text);
}

}  // namespace freellmapi::policy
