#include "store/pins.hpp"

#include "store/column.hpp"

namespace freellmapi::store {

base::Result<std::vector<PinRow>> read_pins(Database& database, base::WallTime since, std::size_t most) {
  std::vector<PinRow> rows;
  Statement all(database,
                "SELECT session, model, key, conversation, at_ms FROM pins WHERE at_ms >= ?1"
                " ORDER BY at_ms DESC LIMIT ?2");
  all.bind(1, stored(since)).bind(2, static_cast<std::int64_t>(most));
  while (all.step()) {
    rows.push_back({word_in(all, 0), word_in(all, 1), word_in(all, 2), word_in(all, 3), time_in(all, 4)});
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
      if (!put.bind(4, stored(row.conversation)).bind(5, stored(row.at)).run()) break;
    }
  }
  return transaction.commit();
}

base::Result<void> retain_pins(Database& database, base::WallTime before, std::size_t rows) {
  Statement remove(database,
                   "DELETE FROM pins WHERE at_ms < ?1 OR session IN"
                   " (SELECT session FROM pins ORDER BY at_ms DESC LIMIT -1 OFFSET ?2)");
  if (!remove.bind(1, stored(before)).bind(2, static_cast<std::int64_t>(rows)).run())
    return database.take_failure();
  return {};
}

}  // namespace freellmapi::store
