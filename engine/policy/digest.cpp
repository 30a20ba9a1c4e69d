#include "policy/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace freellmapi::policy {

Digest sha256(std::string_view bytes) {
  Digest out{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  return out;
}

std::uint64_t key_fingerprint(std::string_view provider, std::string_view secret) {
  std::string text = "freellmapi key v1";
  text.reserve(text.size() + provider.size() + secret.size() + 2);  // one block: the secret is wiped below
  text.append(1, '\0').append(provider).append(1, '\0').append(secret);
  const Digest digest = sha256(text);
  OPENSSL_cleanse(text.data(), text.size());
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = (out << 8U) | digest[i];
  return out;
}

std::string short_hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 6; ++i) {
    out += digits[digest[i] >> 4U];
    out += digits[digest[i] & 15U];
  }
  return out;
}

}  // namespace freellmapi::policy
