// SHA-256, for what must be stable over restarts and say nothing about its input.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace freellmapi::policy {

using Digest = std::array<unsigned char, 32>;
Digest sha256(std::string_view bytes);

/// Of a provider's key: the first eight bytes of SHA-256 over a purpose, the provider and the secret.
std::uint64_t key_fingerprint(std::string_view provider, std::string_view secret);

/// The first twelve hex digits.
std::string short_hex(const Digest& digest);

}  // namespace freellmapi::policy
