#include "store/cipher.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

#include "base/text.hpp"

namespace freellmapi::store {

namespace {

constexpr std::size_t nonce_size = 12, tag_size = 16;
constexpr std::size_t secret_most = 256 * 1024;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }  // wipes it
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int length(std::string_view text) { return static_cast<int>(text.size()); }

base::Error no_cipher() { return {base::Errc::internal, "AES-256-GCM is not available"}; }

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

base::Result<MasterKey> MasterKey::from_hex(std::string_view hex) {
  hex = base::trim(hex);
  const base::Error wrong{base::Errc::invalid_argument, "the key of the vault must be 64 hexadecimal digits"};
  if (hex.size() != 2 * size) return wrong;
  MasterKey key;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return wrong;
    key.bytes_[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return key;
}

base::Result<MasterKey> MasterKey::random() {
  MasterKey key;
  if (RAND_priv_bytes(key.bytes_.data(), static_cast<int>(size)) != 1)
    return base::Error{base::Errc::internal, "the system gave no random bytes for the vault's key"};
  return key;
}

MasterKey::MasterKey(MasterKey&& other) noexcept : bytes_(other.bytes_) {
  OPENSSL_cleanse(other.bytes_.data(), other.bytes_.size());
}

MasterKey::~MasterKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

base::Secret MasterKey::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (const unsigned char byte : bytes_) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return base::Secret(std::move(text));
}

std::array<unsigned char, 32> derived(const MasterKey& key, std::string_view purpose) {
  std::array<unsigned char, 32> out{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(MasterKey::size), bytes(purpose), purpose.size(),
           out.data(), &size) == nullptr) {
    throw std::runtime_error("HMAC-SHA-256 is not available");
  }
  return out;
}

base::Result<Sealed> seal(const MasterKey& key, std::string_view secret, std::string_view context) {
  if (secret.size() > secret_most) return base::Error{base::Errc::limit, "the secret is too long"};
  Sealed out;
  out.nonce.resize(nonce_size);
  if (RAND_bytes(bytes(out.nonce), static_cast<int>(nonce_size)) != 1)
    return base::Error{base::Errc::internal, "the system gave no random bytes"};
  out.sealed.resize(secret.size() + tag_size);
  const Context cipher(EVP_CIPHER_CTX_new());
  int n = 0, end = 0;
  const bool good =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(out.nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &n, bytes(context), length(context)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), bytes(out.sealed), &n, bytes(secret), length(secret)) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes(out.sealed) + n, &end) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_size),
                          bytes(out.sealed) + secret.size()) == 1;
  if (!good) return no_cipher();
  return out;
}

base::Result<base::Secret> unseal(const MasterKey& key, const Sealed& sealed, std::string_view context) {
  const base::Error refused{base::Errc::permission, "it was sealed with another key, or has been changed"};
  if (sealed.nonce.size() != nonce_size || sealed.sealed.size() < tag_size) return refused;
  const std::size_t size = sealed.sealed.size() - tag_size;
  std::string tag = sealed.sealed.substr(size);
  std::string plain(size + 1, '\0');  // never empty: data() is written to
  const Context cipher(EVP_CIPHER_CTX_new());
  if (cipher == nullptr) return no_cipher();
  int n = 0, end = 0;
  const bool good =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(sealed.nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &n, bytes(context), length(context)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &n, bytes(sealed.sealed), static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_size), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + n, &end) == 1;
  if (!good) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return refused;
  }
  plain.resize(size);
  base::Secret secret{std::string(plain)};
  OPENSSL_cleanse(plain.data(), plain.size());
  return secret;
}

}  // namespace freellmapi::store
