#include "store/measured.hpp"

#include <cstring>
#include <string>
#include <string_view>

#include "store/column.hpp"

namespace freellmapi::store {

namespace {

std::string bytes_of(const std::vector<float>& figures) {
  std::string out(figures.size() * sizeof(float), '\0');
  if (!figures.empty()) std::memcpy(out.data(), figures.data(), out.size());
  return out;
}

std::vector<float> figures_of(std::string_view bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

}  // namespace

base::Result<std::vector<MeasuredRow>> read_measured(Database& database, base::WallTime since,
                                                     std::size_t most) {
  std::vector<MeasuredRow> rows;
  Statement all(database,
                "SELECT name, spread, at_ms, figures FROM measured WHERE at_ms >= ?1 ORDER BY at_ms DESC"
                " LIMIT ?2");
  all.bind(1, stored(since)).bind(2, static_cast<std::int64_t>(most));
  while (all.step()) {
    rows.push_back({word_in(all, 0), all.integer(1) != 0, time_in(all, 2), figures_of(all.bytes(3))});
  }
  if (database.failed()) return database.take_failure();
  return rows;
}

base::Result<void> write_measured(Database& database, std::span<const MeasuredRow> rows) {
  if (rows.empty()) return {};
  Transaction transaction(database);
  {
    Statement put(database,
                  "INSERT OR REPLACE INTO measured(name, spread, at_ms, figures) VALUES(?1, ?2, ?3, ?4)");
    for (const MeasuredRow& row : rows) {
      const std::string figures = bytes_of(row.figures);
      put.bind(1, stored(row.name)).bind(2, std::int64_t{row.spread ? 1 : 0});
      if (!put.bind(3, stored(row.at)).bind_bytes(4, figures).run()) break;
    }
  }
  return transaction.commit();
}

base::Result<void> retain_measured(Database& database, base::WallTime before, std::size_t rows) {
  Statement remove(database,
                   "DELETE FROM measured WHERE at_ms < ?1 OR (name, spread) IN"
                   " (SELECT name, spread FROM measured ORDER BY at_ms DESC LIMIT -1 OFFSET ?2)");
  remove.bind(1, stored(before)).bind(2, static_cast<std::int64_t>(rows));
  if (!remove.run()) return database.take_failure();
  return {};
}

}  // namespace freellmapi::store
