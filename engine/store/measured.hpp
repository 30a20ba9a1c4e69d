// What answers have shown of models and keys, over restarts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

struct MeasuredRow {
  std::uint64_t name = 0;  ///< a hash of the model's, or of the model's and the key's
  bool spread = false;     ///< of first-token times, beside the model's other figures
  base::WallTime at{};     ///< as of when
  std::vector<float> figures;
};

/// The newest, not older than `since`; at most `most`.
base::Result<std::vector<MeasuredRow>> read_measured(Database& database, base::WallTime since,
                                                     std::size_t most);
/// One transaction.
base::Result<void> write_measured(Database& database, std::span<const MeasuredRow> rows);
/// Keeps the newest `rows` of those that are not older than `before`.
base::Result<void> retain_measured(Database& database, base::WallTime before, std::size_t rows);

}  // namespace freellmapi::store
