// Opening what the data folder remembers: where its files are, and the key they are sealed with.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/key_health.hpp"
#include "store/vault.hpp"

namespace freellmapi::cli {

/// DATA/freellmapi.db
std::filesystem::path database_file(const std::filesystem::path& data);

/// Under $FREELLMAPI_ENCRYPTION_KEY (or its file), which is taken out of the environment, else
/// DATA/vault.key. With `make` a missing vault is made; without, it is Errc::not_found.
base::Result<std::unique_ptr<store::Vault>> open_vault(const std::filesystem::path& data, bool make);

/// Null: nothing is remembered yet, or it cannot be read. For verbs that show it.
std::unique_ptr<store::KeyHealth> known_health(const std::string& data_flag);

/// No core file, no debugger of the same account: the process holds keys.
void keep_memory_private();

}  // namespace freellmapi::cli
