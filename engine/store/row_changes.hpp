// Rows as they lie in a batch: of each only what is other than in the row before it, because requests that
// end together are much alike. A quarter of the bytes to write, and to read again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/request_row.hpp"

namespace freellmapi::store {

/// Of packed rows; more than that is never made of changes.
inline constexpr std::size_t batch_bytes_most = 128 * 1024;

/// Takes packed rows, one behind the other.
class RowChanges {
 public:
  RowChanges();

  /// `row`: a whole packed row, which lives until the next one has been added or begin() called.
  void add(std::string_view row);
  /// What was added since begin().
  std::string_view bytes() const noexcept { return bytes_; }
  /// Forgets what was added.
  void begin() noexcept;

 private:
  std::string bytes_;
  std::string_view before_;
  RowSizes sizes_before_{};
};

/// These packed rows as changes, up to where they are damaged.
std::string changes_of(std::string_view packed);
/// The packed rows again, up to where the changes are damaged.
std::string packed_rows(std::string_view changes);

}  // namespace freellmapi::store
