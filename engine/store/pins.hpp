// Where conversations were served, over restarts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// Hashes alone: nothing of a conversation, and no name that a client gave it.
struct PinRow {
  std::uint64_t session = 0, model = 0, key = 0, conversation = 0;
  base::WallTime at{};
};

/// Those of `since` and later, newest first, at most `most`.
base::Result<std::vector<PinRow>> read_pins(Database& database, base::WallTime since, std::size_t most);
/// A newer row takes the place of an older one. One transaction.
base::Result<void> write_pins(Database& database, std::span<const PinRow> rows);
/// Deletes those before `before`, and the oldest beyond `rows`.
base::Result<void> retain_pins(Database& database, base::WallTime before, std::size_t rows);

}  // namespace freellmapi::store
