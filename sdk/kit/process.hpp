// What this process holds, as the kernel counts it.
#pragma once

#include <cstddef>
#include <string>

namespace freellmapi::kit {

/// Bytes of memory that are really there.
std::size_t resident_bytes();
std::size_t threads_alive();
/// The open descriptors, as numbers in one text.
std::string open_descriptors();
/// "4.2 MiB"
std::string mebibytes(std::size_t bytes);

}  // namespace freellmapi::kit
