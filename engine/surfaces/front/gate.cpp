#include "surfaces/front/gate.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/text.hpp"

namespace freellmapi::surfaces {

namespace {

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return digest;
}

/// The token behind "Bearer ", or nothing for another scheme.
std::optional<std::string_view> bearer(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() < scheme.size() || !base::equal_ignoring_case(value.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  return base::trim(value.substr(scheme.size()));
}

}  // namespace

KeyGate::KeyGate(std::string_view unified_key) : digest_(sha256(unified_key)) {}

bool KeyGate::matches(std::string_view presented) const {
  const auto digest = sha256(presented);
  return CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

KeyGate::Verdict KeyGate::judge(const net::RequestHead& head) const {
  for (const std::string_view name : {"authorization", "x-api-key", "x-goog-api-key"}) {
    if (head.count(name) > 1) return Verdict::ambiguous;
  }
  std::optional<std::string_view> presented;
  const auto present = [&presented](std::string_view key) {
    if (presented && *presented != key) return false;
    presented = key;
    return true;
  };
  if (const auto value = head.get("authorization"); !value.empty()) {
    const auto token = bearer(value);
    if (!present(token ? *token : std::string_view{})) return Verdict::ambiguous;
  }
  for (const std::string_view name : {"x-api-key", "x-goog-api-key"}) {
    if (const auto value = head.get(name); !value.empty() && !present(value)) return Verdict::ambiguous;
  }
  if (!presented) return Verdict::missing;
  return matches(*presented) ? Verdict::open : Verdict::wrong;
}

bool is_loopback_origin(std::string_view origin) noexcept {
  std::string_view rest = origin;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return false;
  }
  std::string_view host = rest;
  std::string_view port;
  const std::size_t colon = rest.starts_with('[') ? rest.find("]:") : rest.find(':');
  if (colon != std::string_view::npos) {
    const std::size_t host_size = rest.starts_with('[') ? colon + 1 : colon;
    host = rest.substr(0, host_size);
    port = rest.substr(host_size + 1);
    if (port.empty() || port.size() > 5 ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
  }
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace freellmapi::surfaces
