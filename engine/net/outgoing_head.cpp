#include "net/outgoing_head.hpp"

#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/pen.hpp"

namespace freellmapi::net {

namespace {

bool is_ours(std::string_view name) noexcept {
  const auto is = [name](std::string_view one) { return base::equal_ignoring_case(name, one); };
  switch (name.size()) {
    case 2:
      return is("te");
    case 4:
      return is("host");
    case 6:
      return is("expect");
    case 7:
      return is("upgrade");
    case 10:
      return is("connection") || is("keep-alive");
    case 14:
      return is("content-length");
    case 15:
      return is("accept-encoding");
    case 17:
      return is("transfer-encoding");
    case 19:
      return is("proxy-authorization");
    default:
      return false;
  }
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

void append_encoded(Pen& pen, unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  pen.put('%');
  pen.put(digits[byte >> 4]);
  pen.put(digits[byte & 15]);
}

void append_secret(Pen& pen, std::string_view secret) {
  for (const char c : secret) {
    if (is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      pen.put(c);
    } else {
      append_encoded(pen, static_cast<unsigned char>(c));
    }
  }
}

/// What goes out as it is; a brace may begin the place of a key.
constexpr std::array<bool, 256> target_bytes = [] {
  std::array<bool, 256> plain{};
  for (unsigned char c = 0x21; c < 0x7f; ++c) plain[c] = c != '#' && c != '\\' && c != '{';
  return plain;
}();

/// The part of the key that `text` begins with the place of, and the place's size; 0: it begins with none.
std::size_t key_place(std::string_view text, std::uint32_t& part) noexcept {
  part = 0;
  if (text.starts_with("{key}")) return 5;
  if (text.starts_with("{key:1}")) return part = 1, 7;
  if (text.starts_with("{key:2}")) return part = 2, 7;
  return 0;
}

void append_target(Pen& pen, std::string_view text, const base::Secret* secret) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && target_bytes[static_cast<unsigned char>(text[plain])]) ++plain;
    pen.put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    std::uint32_t part = 0;
    if (const std::size_t place = key_place(text, part); place != 0) {
      append_secret(pen, secret_part(secret, part));
      text.remove_prefix(place);
      continue;
    }
    if (text.front() == '{') {
      pen.put('{');
    } else {
      append_encoded(pen, static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(1);
  }
}

void append_host(Pen& pen, const Origin& origin) {
  const bool literal = origin.host.find(':') != std::string::npos;
  if (literal) pen.put('[');
  pen.put_value(origin.host);
  if (literal) pen.put(']');
  const std::uint16_t usual = origin.tls ? 443 : 80;
  if (origin.port != usual) {
    pen.put(':');
    pen.put(std::uint64_t{origin.port});
  }
}

/// A head that grew would leave pieces of the secret in freed memory, so its room is made at once.
std::size_t head_most(const Origin& origin, const OutgoingRequest& request, std::string_view user_agent,
                      std::string_view proxy_credentials) {
  constexpr std::size_t ours_most = 256;           // what every head has
  constexpr std::size_t encoded = 3;               // bytes for one, at most
  constexpr std::size_t shortest_placeholder = 5;  // {key}
  const std::size_t secret = request.secret == nullptr ? 0 : request.secret->reveal().size();
  std::size_t most = ours_most + request.method.size() + 2 * origin.host.size() + user_agent.size() +
                     proxy_credentials.size() + encoded * (request.base_path.size() + request.path.size()) +
                     encoded * secret * (request.path.size() / shortest_placeholder);
  for (const OutgoingField& field : request.fields)
    most += field.name.size() + field.value.size() + 4 + (field.credential ? secret : 0);
  return most;
}

void write_head(Pen& pen, const Origin& origin, const OutgoingRequest& request, std::string_view user_agent,
                bool absolute, std::string_view proxy_credentials) {
  constexpr std::string_view between = ": ", end = "\r\n";
  pen.put(request.method);
  pen.put(' ');
  if (absolute) {
    pen.put("http://");
    append_host(pen, origin);
  }
  // Whatever comes first of the target, it begins with a slash.
  const std::string_view first = request.base_path.empty() ? request.path : request.base_path;
  if (!first.starts_with('/')) pen.put('/');
  append_target(pen, request.base_path, nullptr);
  append_target(pen, request.path, request.secret);
  pen.put(" HTTP/1.1\r\nHost: ");
  append_host(pen, origin);
  pen.put("\r\nAccept-Encoding: identity\r\n");
  bool agent = false;
  for (const OutgoingField& field : request.fields) {
    if (!is_token(field.name) || is_ours(field.name)) continue;
    if (field.credential && request.secret == nullptr) continue;
    agent = agent || base::equal_ignoring_case(field.name, "user-agent");
    pen.put(field.name);
    pen.put(between);
    pen.put_value(field.value);
    if (field.credential) pen.put_value(secret_part(request.secret, *field.credential));
    pen.put(end);
  }
  if (!agent) {
    pen.put("User-Agent: ");
    pen.put_value(user_agent);
    pen.put(end);
  }
  if (!proxy_credentials.empty()) {
    pen.put("Proxy-Authorization: ");
    pen.put(proxy_credentials);
    pen.put(end);
  }
  std::size_t size = 0;
  for (const std::string_view piece : request.body) size += piece.size();
  if (size != 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    pen.put("Content-Length: ");
    pen.put(std::uint64_t{size});
    pen.put(end);
  }
  pen.put(end);
}

}  // namespace

std::string render_request_head(const Origin& origin, const OutgoingRequest& request,
                                std::string_view user_agent, bool absolute,
                                std::string_view proxy_credentials) {
  std::string out;
  {
    Pen pen(out, head_most(origin, request, user_agent, proxy_credentials));
    write_head(pen, origin, request, user_agent, absolute, proxy_credentials);
  }
  return out;
}

}  // namespace freellmapi::net
