// Reads an ELF shared library as plain bytes, so that it can be judged before the loader runs its code.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace freellmapi::host {

/// A view of a library's bytes; they must outlive it. Pure: every read is checked against the end of the
/// file.
class ElfView {
 public:
  struct Object {
    std::uint64_t size = 0;  ///< as the symbol table says
    std::string_view
        content;  ///< the bytes the file holds for it; shorter than `size` when the file ends early
  };

  /// Refuses what is no 64-bit shared library of this machine and what is cut short. The text is one
  /// sentence.
  static base::Result<ElfView> open(std::string_view bytes);

  /// The exported data object `name`; none when it is not exported.
  std::optional<Object> find_object(std::string_view name) const;

 private:
  struct Table {
    std::uint64_t address = 0, size = 0;
  };

  explicit ElfView(std::string_view bytes) : bytes_(bytes) {}
  std::optional<base::Error> judge_header() const;
  std::optional<base::Error> read_segments();
  std::string_view at_address(std::uint64_t address) const;
  std::optional<std::uint32_t> find_with_gnu_hash(std::string_view name) const;
  std::optional<std::uint32_t> find_with_sysv_hash(std::string_view name) const;
  bool symbol_is(std::uint32_t index, std::string_view name) const;

  std::string_view bytes_;
  Table strings_;
  std::uint64_t symbols_ = 0, gnu_hash_ = 0, sysv_hash_ = 0;  // addresses; 0: there is none
};

}  // namespace freellmapi::host
