// The one key that clients use.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/vault.hpp"

namespace freellmapi::cli {

/// $FREELLMAPI_KEY (or its file), else the one in the vault, which is made on first use. A key that an older
/// version kept in `data`/unified.key moves into the vault; its file is removed once it is there. A set key
/// that does not begin with "freellmapi-" or is shorter than 24 characters is an error.
base::Result<base::Secret> unified_key(const std::filesystem::path& data, store::Vault& vault);
/// The same; the vault is opened, and made, when the environment does not set the key.
base::Result<base::Secret> unified_key(const std::filesystem::path& data);

/// Puts a new key in the place of the vault's. Errc::permission: the environment sets the key.
base::Result<base::Secret> rotate_unified_key(const std::filesystem::path& data);

}  // namespace freellmapi::cli
