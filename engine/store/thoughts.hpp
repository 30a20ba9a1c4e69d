// What answers carried for their next turn (signatures, reasoning), sealed, over restarts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/cipher.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// Both names are hashes. `bytes` is sealed on the disk, bound to its row.
struct ThoughtRow {
  std::uint64_t by_id = 0, by_place = 0;
  base::WallTime at{};
  std::string bytes;
};

/// Of those of `since` and later, newest first, at most `most`; what cannot be unsealed is left out and
/// counted in `damaged`.
base::Result<std::vector<ThoughtRow>> read_thoughts(Database& database, const MasterKey& key,
                                                    base::WallTime since, std::size_t most,
                                                    std::size_t& damaged);
/// A newer row takes the place of an older one of the same id. One transaction.
base::Result<void> write_thoughts(Database& database, const MasterKey& key, std::span<const ThoughtRow> rows);
/// Deletes those before `before`, and the oldest beyond `rows` or beyond `bytes` in all.
base::Result<void> retain_thoughts(Database& database, base::WallTime before, std::size_t rows,
                                   std::size_t bytes);

}  // namespace freellmapi::store
