// Who may come in: the unified key, and which web origins may read answers.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "net/exchange.hpp"

namespace freellmapi::surfaces {

/// Keeps the SHA-256 of the unified key; compares in constant time. Immutable; any thread.
class KeyGate {
 public:
  explicit KeyGate(std::string_view unified_key);

  enum class Verdict { open, missing, wrong, ambiguous };
  /// Authorization: Bearer, x-api-key, x-goog-api-key. Several that differ are ambiguous.
  Verdict judge(const net::RequestHead& head) const;

 private:
  bool matches(std::string_view presented) const;
  std::array<unsigned char, 32> digest_{};
};

/// True for http(s) origins on localhost, 127.0.0.1 or [::1], any port: browsers on this machine.
bool is_loopback_origin(std::string_view origin) noexcept;

}  // namespace freellmapi::surfaces
