// AES-256-GCM over small secrets, at most 256 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace freellmapi::store {

/// The key of the vault: 32 bytes. Wiped when it dies; not copied.
class MasterKey {
 public:
  static constexpr std::size_t size = 32;
  /// 64 hexadecimal digits; white space around them is passed over. The error does not show them.
  static base::Result<MasterKey> from_hex(std::string_view hex);
  static base::Result<MasterKey> random();
  MasterKey(MasterKey&& other) noexcept;
  MasterKey(const MasterKey&) = delete;
  MasterKey& operator=(const MasterKey&) = delete;
  MasterKey& operator=(MasterKey&&) = delete;
  ~MasterKey();

  const unsigned char* data() const noexcept { return bytes_.data(); }
  base::Secret hex() const;

 private:
  MasterKey() = default;
  std::array<unsigned char, size> bytes_{};
};

/// Bytes for one purpose, which tell nothing of the key or of those for another.
std::array<unsigned char, 32> derived(const MasterKey& key, std::string_view purpose);

/// What is stored of a secret. The nonce is 12 random bytes, new for every sealing; `sealed` ends with the
/// 16-byte tag.
struct Sealed {
  std::string nonce, sealed;
};

/// `context` is not stored: the same must be given to open what was sealed.
base::Result<Sealed> seal(const MasterKey& key, std::string_view secret, std::string_view context);
/// Errc::permission: another key, another context, or changed bytes; nothing tells which.
base::Result<base::Secret> unseal(const MasterKey& key, const Sealed& sealed, std::string_view context);

}  // namespace freellmapi::store
