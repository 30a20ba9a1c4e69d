// The one key that clients use.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace freellmapi::cli {

/// $FREELLMAPI_KEY (or its file), else the one kept in `data`/unified.key (0600), which is made on first use.
/// A set key that does not begin with "freellmapi-" or is shorter than 24 characters is an error.
base::Result<base::Secret> unified_key(const std::filesystem::path& data);

}  // namespace freellmapi::cli
