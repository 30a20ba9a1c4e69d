#include "store/thoughts.hpp"

#include <fmt/format.h>

#include "store/column.hpp"

namespace freellmapi::store {

namespace {

/// What a row's bytes are bound to: none can stand in the place of another, or seem newer than it is.
std::string context_of(std::int64_t by_id, std::int64_t by_place, std::int64_t at_ms) {
  return fmt::format("freellmapi thought 1 {} {} {}", by_id, by_place, at_ms);
}

}  // namespace

base::Result<std::vector<ThoughtRow>> read_thoughts(Database& database, const MasterKey& key,
                                                    base::WallTime since, std::size_t most,
                                                    std::size_t& damaged) {
  std::vector<ThoughtRow> rows;
  damaged = 0;
  Statement all(database,
                "SELECT by_id, by_place, at_ms, nonce, sealed FROM thoughts WHERE at_ms >= ?1"
                " ORDER BY at_ms DESC LIMIT ?2");
  all.bind(1, stored(since)).bind(2, static_cast<std::int64_t>(most));
  while (all.step()) {
    const std::int64_t by_id = all.integer(0), by_place = all.integer(1), at = all.integer(2);
    const auto opened = unseal(key, Sealed{all.bytes(3), all.bytes(4)}, context_of(by_id, by_place, at));
    if (!opened) {
      ++damaged;
      continue;
    }
    rows.push_back({static_cast<std::uint64_t>(by_id), static_cast<std::uint64_t>(by_place), time_in(all, 2),
                    std::string(opened->reveal())});
  }
  if (database.failed()) return database.take_failure();
  return rows;
}

base::Result<void> write_thoughts(Database& database, const MasterKey& key,
                                  std::span<const ThoughtRow> rows) {
  if (rows.empty()) return {};
  Transaction transaction(database);
  {
    Statement put(database,
                  "INSERT OR REPLACE INTO thoughts(by_id, by_place, at_ms, nonce, sealed)"
                  " VALUES(?1, ?2, ?3, ?4, ?5)");
    for (const ThoughtRow& row : rows) {
      const std::int64_t by_id = stored(row.by_id), by_place = stored(row.by_place);
      const auto sealed = seal(key, row.bytes, context_of(by_id, by_place, stored(row.at)));
      if (!sealed) return sealed.error();
      put.bind(1, by_id).bind(2, by_place).bind(3, stored(row.at));
      if (!put.bind_bytes(4, sealed->nonce).bind_bytes(5, sealed->sealed).run()) break;
    }
  }
  return transaction.commit();
}

base::Result<void> retain_thoughts(Database& database, base::WallTime before, std::size_t rows,
                                   std::size_t bytes) {
  Statement remove(database,
                   "DELETE FROM thoughts WHERE at_ms < ?1 OR by_id IN (SELECT by_id FROM"
                   " (SELECT by_id, row_number() OVER newest AS place, sum(length(sealed)) OVER newest AS"
                   " total FROM thoughts WINDOW newest AS (ORDER BY at_ms DESC, by_id))"
                   " WHERE place > ?2 OR total > ?3)");
  remove.bind(1, stored(before)).bind(2, static_cast<std::int64_t>(rows));
  if (!remove.bind(3, static_cast<std::int64_t>(bytes)).run()) return database.take_failure();
  return {};
}

}  // namespace freellmapi::store
