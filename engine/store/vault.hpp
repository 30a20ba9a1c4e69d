// The vault: secrets at rest, each sealed under the master key and bound to its row, provider and label.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/cipher.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

inline constexpr std::size_t vault_keys_most = 256;  ///< of one provider

/// A provider's key as the vault lists it.
struct VaultKey {
  std::string label;
  base::Secret secret;   ///< empty when damaged
  bool damaged = false;  ///< sealed with another key, or changed since
  bool enabled = true;
  base::WallTime added{};
};

/// Every change is on the disk when its call returns. Thread safety: every method from any thread, one at a
/// time.
class Vault {
 public:
  /// Opens the vault in the database `file`, which is made when `make` and there is none; without it a
  /// missing file is Errc::not_found. `given` is the master key as 64 hexadecimal digits; without it the one
  /// in `key_file` counts, which is made (0600) with a new vault. Refused, with nothing touched: a key that
  /// did not make this vault, a key file that others may read, a vault whose key file is missing.
  static base::Result<std::unique_ptr<Vault>> open(const std::filesystem::path& file,
                                                   const std::filesystem::path& key_file,
                                                   const std::optional<base::Secret>& given, bool make);
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  /// The keys of a provider in the order in which they were added; one that is damaged hides no other.
  base::Result<std::vector<VaultKey>> keys(std::string_view provider) const;
  /// The providers that have keys here, by name.
  base::Result<std::vector<std::string>> providers() const;
  /// `label` empty: key1, key2 ... whichever is free. Gives the label. Errc::already_exists: the label, or
  /// the very key, is there already.
  base::Result<std::string> add(std::string_view provider, std::string label, const base::Secret& secret,
                                base::WallTime now, bool enabled = true);
  base::Result<void> remove(std::string_view provider, std::string_view label);
  base::Result<void> enable(std::string_view provider, std::string_view label, bool enabled);

  /// A secret of the program's own, such as the unified key.
  base::Result<std::optional<base::Secret>> own(std::string_view name) const;
  base::Result<void> set_own(std::string_view name, const base::Secret& secret, base::WallTime now);
  /// As set_own, unless there is one: then that one is given.
  base::Result<base::Secret> own_or(std::string_view name, const base::Secret& secret, base::WallTime now);

  /// Grows with every change, whoever makes it; nothing when it cannot be read now.
  std::optional<std::int64_t> generation() const;

 private:
  Vault(std::unique_ptr<Database> database, MasterKey key)
      : database_(std::move(database)), key_(std::move(key)) {}
  base::Result<void> insert(std::string_view provider, std::string_view label, const base::Secret& secret,
                            base::WallTime now, bool enabled);
  base::Result<std::vector<VaultKey>> read(std::string_view provider) const;
  base::Result<std::optional<base::Secret>> read_own(std::string_view name) const;
  base::Result<void> change(const char* sql, std::string_view provider, std::string_view label, bool enabled);

  mutable std::mutex mutex_;
  const std::unique_ptr<Database> database_;
  const MasterKey key_;
};

/// One sentence about a damaged key.
std::string told_of_damage(std::string_view provider, std::string_view label);

/// [A-Za-z0-9._-]{1,64}
bool is_label(std::string_view text) noexcept;

}  // namespace freellmapi::store
