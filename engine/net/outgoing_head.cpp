#include "net/outgoing_head.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"

namespace freellmapi::net {

namespace {

bool is_ours(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 10> ours = {
      "host", "content-length", "transfer-encoding", "connection",         "keep-alive", "upgrade",
      "te",   "expect",         "accept-encoding",   "proxy-authorization"};
  return std::any_of(ours.begin(), ours.end(),
                     [&](std::string_view one) { return base::equal_ignoring_case(one, name); });
}

// The whole secret (0), or what stands before (1) or after (2) its first ':'.
std::string_view secret_part(const base::Secret* secret, std::uint32_t part) noexcept {
  if (secret == nullptr) return {};
  const std::string_view whole = secret->reveal();
  if (part == 0) return whole;
  const std::size_t colon = whole.find(':');
  if (part == 1) return whole.substr(0, colon);
  return colon == std::string_view::npos ? std::string_view{} : whole.substr(colon + 1);
}

void append_encoded(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

void append_secret(std::string& out, std::string_view secret) {
  for (const char c : secret) {
    if (is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      append_encoded(out, static_cast<unsigned char>(c));
    }
  }
}

/// Goes out as it is; a brace may begin the place of a key.
constexpr bool is_target_byte(char c) noexcept {
  return c > 0x20 && c < 0x7f && c != '#' && c != '\\' && c != '{';
}

void append_target(std::string& out, std::string_view text, const base::Secret* secret) {
  constexpr std::string_view open = "{key";
  while (!text.empty()) {
    if (text.starts_with(open)) {
      std::uint32_t part = 3;
      std::size_t size = 0;
      if (text.substr(0, 5) == "{key}") part = 0, size = 5;
      if (text.substr(0, 7) == "{key:1}") part = 1, size = 7;
      if (text.substr(0, 7) == "{key:2}") part = 2, size = 7;
      if (size != 0) {
        append_secret(out, secret_part(secret, part));
        text.remove_prefix(size);
        continue;
      }
    }
    std::size_t plain = 0;
    while (plain < text.size() && is_target_byte(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty() || plain > 0) continue;
    if (text.front() == '{') {
      out += '{';
    } else {
      append_encoded(out, static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(1);
  }
}

void append_host(std::string& out, const Origin& origin) {
  const bool literal = origin.host.find(':') != std::string::npos;
  if (literal) out += '[';
  append_field_value(out, origin.host);
  if (literal) out += ']';
  const std::uint16_t usual = origin.tls ? 443 : 80;
  if (origin.port != usual) {
    out += ':';
    out += std::to_string(origin.port);
  }
}

}  // namespace

std::string render_request_head(const Origin& origin, const OutgoingRequest& request,
                                std::string_view user_agent, bool absolute,
                                std::string_view proxy_credentials) {
  std::string out;
  out.reserve(1024);  // a head that grows leaves pieces of the secret in freed memory
  out += request.method;
  out += ' ';
  if (absolute) {
    out += "http://";
    append_host(out, origin);
  }
  const std::size_t target = out.size();
  append_target(out, request.base_path, nullptr);
  append_target(out, request.path, request.secret);
  if (out.size() == target || out[target] != '/') out.insert(target, 1, '/');
  out += " HTTP/1.1\r\nHost: ";
  append_host(out, origin);
  out += "\r\nAccept-Encoding: identity\r\n";
  bool agent = false;
  for (const OutgoingField& field : request.fields) {
    if (!is_token(field.name) || is_ours(field.name)) continue;
    if (field.credential && request.secret == nullptr) continue;
    agent = agent || base::equal_ignoring_case(field.name, "user-agent");
    out += field.name;
    out += ": ";
    append_field_value(out, field.value);
    if (field.credential) append_field_value(out, secret_part(request.secret, *field.credential));
    out += "\r\n";
  }
  if (!agent) {
    out += "User-Agent: ";
    append_field_value(out, user_agent);
    out += "\r\n";
  }
  if (!proxy_credentials.empty()) {
    out += "Proxy-Authorization: ";
    out += proxy_credentials;
    out += "\r\n";
  }
  std::size_t size = 0;
  for (const std::string_view piece : request.body) size += piece.size();
  if (size != 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    out += "Content-Length: ";
    out += std::to_string(size);
    out += "\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace freellmapi::net
