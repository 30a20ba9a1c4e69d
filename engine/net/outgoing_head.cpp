#include "net/outgoing_head.hpp"

#include <string.h>

#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/pen.hpp"
#include "net/pieces.hpp"

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

/// How much of the text goes out as it is.
std::size_t plain_size(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  const auto are = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i marks = _mm_or_si128(_mm_or_si128(are(bytes, '#'), are(bytes, '\\')),
                                       _mm_or_si128(are(bytes, '{'), are(bytes, 0x7f)));
    const __m128i plain = _mm_andnot_si128(marks, _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x20)));
    if (_mm_movemask_epi8(plain) != 0xFFFF) break;
  }
#endif
  while (at < text.size() && target_bytes[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

void append_target(Pen& pen, std::string_view text, const base::Secret* secret) {
  while (!text.empty()) {
    const std::size_t plain = plain_size(text);
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

/// A head that grew would leave pieces of the secret in freed memory, so its room is made at once.
std::size_t head_most(const OriginLines& origin, const OutgoingRequest& request,
                      std::string_view proxy_credentials) {
  constexpr std::size_t ours_most = 256;           // what every head has
  constexpr std::size_t encoded = 3;               // bytes for one, at most
  constexpr std::size_t shortest_placeholder = 5;  // {key}
  const std::size_t secret = request.secret == nullptr ? 0 : request.secret->reveal().size();
  std::size_t most = ours_most + request.method.size() + origin.authority.size() + origin.first.size() +
                     origin.agent.size() + proxy_credentials.size() +
                     encoded * (request.base_path.size() + request.path.size()) +
                     encoded * secret * (request.path.size() / shortest_placeholder);
  for (const OutgoingField& field : request.fields)
    most += field.name.size() + field.value.size() + 4 + (field.credential ? secret : 0);
  return most + request.lines.size();
}

std::size_t body_size(const OutgoingRequest& request) noexcept {
  std::size_t size = 0;
  for (const std::string_view piece : request.body) size += piece.size();
  return size;
}

void write_head(Pen& pen, const OriginLines& origin, const OutgoingRequest& request, bool absolute,
                std::string_view proxy_credentials, std::size_t body) {
  pen.put(request.method);
  pen.put(' ');
  if (absolute) {
    pen.put("http://");
    pen.put(origin.authority);
  }
  // Whatever comes first of the target, it begins with a slash.
  const std::string_view first = request.base_path.empty() ? request.path : request.base_path;
  if (!first.starts_with('/')) pen.put('/');
  append_target(pen, request.base_path, nullptr);
  append_target(pen, request.path, request.secret);
  pen.put(" HTTP/1.1\r\n");
  pen.put(origin.first);
  bool agent = false;
  for (const OutgoingField& field : request.fields) {
    if (!is_token(field.name) || is_ours(field.name)) continue;
    if (field.credential && request.secret == nullptr) continue;
    agent = agent || base::equal_ignoring_case(field.name, "user-agent");
    pen.put(field.name);
    pen.put(": ");
    pen.put_value(field.value);
    if (field.credential) pen.put_value(secret_part(request.secret, *field.credential));
    pen.put("\r\n");
  }
  if (!agent) pen.put(origin.agent);
  if (!proxy_credentials.empty()) {
    pen.put("Proxy-Authorization: ");
    pen.put(proxy_credentials);
    pen.put("\r\n");
  }
  pen.put(request.lines);
  if (body != 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    pen.put("Content-Length: ");
    pen.put(std::uint64_t{body});
    pen.put("\r\n");
  }
  pen.put("\r\n");
}

std::string without_controls(std::string_view value) {
  std::string text(value);
  for (char& c : text)
    if (!is_field_byte(c)) c = ' ';
  return text;
}

std::string authority_of(const Origin& origin) {
  const bool literal = origin.host.find(':') != std::string::npos;
  std::string text = without_controls(origin.host);
  if (literal) text = "[" + text + "]";
  const std::uint16_t usual = origin.tls ? 443 : 80;
  if (origin.port != usual) text += ":" + std::to_string(origin.port);
  return text;
}

}  // namespace

OriginLines::OriginLines(const Origin& origin, std::string_view user_agent)
    : authority(authority_of(origin)),
      first("Host: " + authority + "\r\nAccept-Encoding: identity\r\n"),
      agent("User-Agent: " + without_controls(user_agent) + "\r\n") {}

bool OutgoingHead::write(const OriginLines& origin, const OutgoingRequest& request, bool absolute,
                         std::string_view proxy_credentials) {
  wipe();
  const std::size_t body = body_size(request);
  const bool copied = body <= copied_most;
  const std::size_t most = head_most(origin, request, proxy_credentials) + (copied ? body : 0);
  if (most > capacity_) {
    room_ = std::make_unique_for_overwrite<char[]>(most);
    capacity_ = most;
  }
  Pen pen({room_.get(), capacity_});
  write_head(pen, origin, request, absolute, proxy_credentials, body);
  if (copied) {
    for (const std::string_view piece : request.body) pen.put(piece);
  }
  size_ = pen.size();
  return copied;
}

// Not OPENSSL_cleanse(), which takes eight bytes a turn.
void OutgoingHead::wipe() noexcept {
  if (size_ != 0) ::explicit_bzero(room_.get(), size_);
  size_ = 0;
}

void OutgoingHead::release() noexcept {
  wipe();
  room_.reset();
  capacity_ = 0;
}

}  // namespace freellmapi::net
