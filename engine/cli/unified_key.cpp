#include "cli/unified_key.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/files.hpp"
#include "cli/vault_door.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::string_view prefix = "freellmapi-";

base::Result<base::Secret> checked(std::string value, const std::string& where) {
  if (!value.starts_with(prefix) || value.size() < 24 || value.size() > 256) {
    return base::Error{base::Errc::invalid_argument,
                       "the unified key must begin with freellmapi- and have 24 to 256 characters", where};
  }
  for (const char c : value) {
    if (c <= 0x20 || c >= 0x7f) {
      return base::Error{base::Errc::invalid_argument,
                         "the unified key holds a character that no header can carry", where};
    }
  }
  return base::Secret(std::move(value));
}

constexpr std::string_view vault_name = "unified key";

/// The environment's; nothing: it sets none.
base::Result<std::optional<base::Secret>> set_key() {
  std::vector<std::string> problems;
  if (auto set = environment("FREELLMAPI_KEY", &problems)) {
    auto key = checked(std::move(*set), "FREELLMAPI_KEY");
    if (!key) return key.error();
    return std::optional(std::move(*key));
  }
  // Clients hold the key in that file: making another one instead would lock them out.
  if (!problems.empty()) return base::Error{base::Errc::io, problems.front()};
  return std::optional<base::Secret>{};
}

base::Result<base::Secret> new_key() {
  std::array<unsigned char, 24> random{};
  if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return base::Error{base::Errc::internal, "the system gave no random bytes for the unified key"};
  }
  static constexpr char hex[] = "0123456789abcdef";
  std::string value;
  value.reserve(prefix.size() + 2 * random.size());
  value += prefix;
  for (const unsigned char byte : random) {
    value += hex[byte >> 4];
    value += hex[byte & 15];
  }
  OPENSSL_cleanse(random.data(), random.size());
  return base::Secret(std::move(value));
}

/// What an older version kept in a file of its own.
base::Result<std::optional<base::Secret>> old_key(const std::filesystem::path& file) {
  std::error_code ec;
  if (!std::filesystem::exists(file, ec)) return std::optional<base::Secret>{};
  auto text = read_file(file, 4096);
  if (!text) return text.error();
  auto key = checked(std::string(base::trim(*text)), "unified.key");
  OPENSSL_cleanse(text->data(), text->size());
  if (!key) return key.error();
  return std::optional(std::move(*key));
}

}  // namespace

base::Result<base::Secret> unified_key(const std::filesystem::path& data, store::Vault& vault) {
  auto set = set_key();
  if (!set) return set.error();
  if (*set) return std::move(**set);
  auto known = vault.own(vault_name);
  if (!known) return known.error();
  const std::filesystem::path file = data / "unified.key";
  if (!*known) {
    auto old = old_key(file);
    if (!old) return old.error();
    auto fresh = *old ? base::Result<base::Secret>(std::move(**old)) : new_key();
    if (!fresh) return fresh.error();
    auto kept = vault.own_or(vault_name, *fresh, base::SystemClock().wall());
    if (!kept) return kept.error();
    *known = std::move(*kept);
  }
  // It is in the vault, and on the disk. A file with another key is somebody's: it stays.
  if (const auto old = old_key(file); old && *old && (*old)->reveal() == (*known)->reveal()) {
    std::error_code ec;
    std::filesystem::remove(file, ec);
  }
  return std::move(**known);
}

base::Result<base::Secret> unified_key(const std::filesystem::path& data) {
  auto set = set_key();
  if (!set) return set.error();
  if (*set) return std::move(**set);
  const auto vault = open_vault(data, true);
  if (!vault) return vault.error();
  return unified_key(data, **vault);
}

base::Result<base::Secret> rotate_unified_key(const std::filesystem::path& data) {
  const auto set = set_key();
  if (!set) return set.error();
  if (*set) {
    return base::Error{
        base::Errc::permission,
        "FREELLMAPI_KEY sets the unified key: change it there, or unset it to use the vault's"};
  }
  const auto vault = open_vault(data, true);
  if (!vault) return vault.error();
  // An old file is taken in first, so that it cannot come back later.
  if (const auto present = unified_key(data, **vault); !present) return present.error();
  auto fresh = new_key();
  if (!fresh) return fresh.error();
  if (const auto kept = (*vault)->set_own(vault_name, *fresh, base::SystemClock().wall()); !kept)
    return kept.error();
  return fresh;
}

}  // namespace freellmapi::cli
