// What a shared library shows and needs, read from its file.
#pragma once

#include <string>
#include <vector>

namespace freellmapi::kit {

struct Library {
  std::vector<std::string> exported;  ///< defined names that others can see
  std::vector<std::string> imported;  ///< undefined names, without their version
  std::vector<std::string> needed;    ///< DT_NEEDED
  struct Writable {
    std::size_t address = 0, size = 0;  ///< of the writable segments, relative to where it is loaded
  };
  std::vector<Writable> writable;
};

/// Throws std::runtime_error when the file is no 64-bit ELF shared library with section headers.
Library read_library(const std::string& file);

}  // namespace freellmapi::kit
