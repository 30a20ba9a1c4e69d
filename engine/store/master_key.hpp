// The file that holds the vault's master key when the environment does not.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "store/cipher.hpp"

namespace freellmapi::store {

/// Reads the file, or makes it (0600, random) when `make` and it is missing. Errc::not_found: missing.
/// Refused: a file that is not ours, that others may read, that is a link, or that holds something else.
base::Result<MasterKey> file_key(const std::filesystem::path& file, bool make);

}  // namespace freellmapi::store
