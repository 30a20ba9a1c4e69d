// Who may come in: the unified key, and which web origins may read answers.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "net/exchange.hpp"

namespace freellmapi::surfaces {

/// Compares with the unified key in time that tells no more than its length, which is no secret. Immutable;
/// any thread.
class KeyGate {
 public:
  explicit KeyGate(std::string_view unified_key) : key_(std::string(unified_key)) {}

  enum class Verdict { open, missing, wrong, ambiguous };
  /// Authorization: Bearer, x-api-key, x-goog-api-key. Several that differ are ambiguous.
  Verdict judge(const net::RequestHead& head) const;

 private:
  base::Secret key_;
};

/// True for http(s) origins on localhost, 127.0.0.1 or [::1], any port: browsers on this machine.
bool is_loopback_origin(std::string_view origin) noexcept;

}  // namespace freellmapi::surfaces
