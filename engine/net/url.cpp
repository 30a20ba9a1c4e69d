// Base URLs of providers.
#include <algorithm>

#include "base/text.hpp"
#include "net/authority.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

base::Result<ParsedUrl> parse_base_url(std::string_view url) {
  const auto refuse = [](const char* why) { return base::Error(base::Errc::invalid_argument, why); };
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; };
  if (!std::all_of(url.begin(), url.end(), printable)) {
    return refuse("the URL holds spaces, backslashes, control or non-ASCII characters");
  }
  ParsedUrl parsed;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return refuse("the URL must begin with https:// or http://");
  const std::string scheme = base::to_lower(url.substr(0, scheme_end));
  if (scheme != "https" && scheme != "http") return refuse("only https and http URLs can be used");
  constexpr std::uint16_t https_port = 443, http_port = 80;
  parsed.origin.tls = scheme == "https";
  url.remove_prefix(scheme_end + 3);
  if (url.find('#') != std::string_view::npos) return refuse("a base URL has no fragment");
  if (url.find('?') != std::string_view::npos) return refuse("a base URL has no query");
  const std::size_t end = std::min(url.find('/'), url.size());
  if (url.substr(0, end).find('@') != std::string_view::npos) {
    return refuse("a base URL has no user; put the key into the keys of the provider");
  }
  auto authority = parse_authority(url.substr(0, end));
  if (!authority) return refuse("the URL needs a host name and, if there is one, a port from 1 to 65535");
  parsed.origin.host = std::move(authority->host);
  parsed.origin.port = authority->port.value_or(parsed.origin.tls ? https_port : http_port);
  std::string_view path = url.substr(end);
  while (path.ends_with('/')) path.remove_suffix(1);
  parsed.path = path;
  return parsed;
}

}  // namespace freellmapi::net
