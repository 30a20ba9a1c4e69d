// How values stand in a column: SQLite's integers have a sign, times are in milliseconds since the epoch.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

inline std::int64_t stored(std::uint64_t word) noexcept { return static_cast<std::int64_t>(word); }
inline std::int64_t stored(base::WallTime time) noexcept { return time.time_since_epoch().count(); }

inline std::uint64_t word_in(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}
inline base::WallTime time_in(const Statement& row, int column) {
  return base::WallTime{std::chrono::milliseconds{row.integer(column)}};
}

}  // namespace freellmapi::store
