// Brings the bytes of a judged library into the process.
#pragma once

#include <freellmapi/abi.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "host/trust.hpp"

namespace freellmapi::host {

/// The whole file, at most 64 MiB. Errc::limit, Errc::io; Errc::unavailable when it was changed while it was
/// read.
base::Result<std::string> read_library(const Opened& file);

/// Refuses the bytes of a file that is no plugin this engine can use. Runs none of its code.
std::optional<base::Error> refuse_library(std::string_view bytes);

/// Maps a sealed copy of `bytes` for the rest of the process' life and gives its descriptor. `name` is for
/// people: the loader's messages and /proc/self/maps. Costs one file descriptor that is never closed.
base::Result<const freellm_plugin*> map_library(std::string_view bytes, const std::string& name);

}  // namespace freellmapi::host
