#include "store/pins.hpp"

namespace freellmapi::store {

namespace {

std::int64_t stored(std::uint64_t hash) noexcept { return static_cast<std::int64_t>(hash); }
std::uint64_t hash_of(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}
std::int64_t ms(base::WallTime time) noexcept { return time.time_since_epoch().count(); }

}  // namespace

base::Result<std::vector<PinRow>> read_pins(Database& database, base::WallTime since, std::size_t most) {
  std::vector<PinRow> rows;
  Statement all(database,
                "SELECT session, model, key, conversation, at_ms FROM pins WHERE at_ms >= ?1"
                " ORDER BY at_ms DESC LIMIT ?2");
  all.bind(1, ms(since)).bind(2, static_cast<std::int64_t>(most));
  while (all.step()) {
    rows.push_back({hash_of(all, 0), hash_of(all, 1), hash_of(all, 2), hash_of(all, 3),
                    base::WallTime{std::chrono::milliseconds{all.integer(4)}}});
  }
  if (database.failed()) return database.take_failure();
  return rows;
}

base::Result<void> write_pins(Database& database, std::span<const PinRow> rows) {
  if (rows.empty()) return {};
  Transaction transaction(database);
  {
    Statement put(database,
                  "INSERT OR REPLACE INTO pins(session, model, key, conversation, at_ms)"
                  " VALUES(?1, ?2, ?3, ?4, ?5)");
    for (const PinRow& row : rows) {
      put.bind(1, stored(row.session)).bind(2, stored(row.model)).bind(3, stored(row.key));
      if (!put.bind(4, stored(row.conversation)).bind(5, ms(row.at)).run()) break;
    }
  }
  return transaction.commit();
}

base::Result<void> retain_pins(Database& database, base::WallTime before, std::size_t rows) {
  Statement remove(database,
                   "DELETE FROM pins WHERE at_ms < ?1 OR session IN"
                   " (SELECT session FROM pins ORDER BY at_ms DESC LIMIT -1 OFFSET ?2)");
  if (!remove.bind(1, ms(before)).bind(2, static_cast<std::int64_t>(rows)).run())
    return database.take_failure();
  return {};
}

}  // namespace freellmapi::store
