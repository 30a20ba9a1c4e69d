#include "store/token_costs.hpp"

#include "store/column.hpp"

namespace freellmapi::store {

base::Result<std::vector<TokenCostRow>> read_token_costs(Database& database, std::size_t most) {
  std::vector<TokenCostRow> rows;
  Statement all(database, "SELECT family, cell, learned FROM token_costs LIMIT ?1");
  all.bind(1, static_cast<std::int64_t>(most));
  while (all.step()) {
    rows.push_back({word_in(all, 0), static_cast<std::uint32_t>(all.integer(1)), word_in(all, 2)});
  }
  if (database.failed()) return database.take_failure();
  return rows;
}

base::Result<void> write_token_costs(Database& database, std::span<const TokenCostRow> rows) {
  if (rows.empty()) return {};
  Transaction transaction(database);
  {
    Statement put(database, "INSERT OR REPLACE INTO token_costs(family, cell, learned) VALUES(?1, ?2, ?3)");
    for (const TokenCostRow& row : rows) {
      put.bind(1, stored(row.family)).bind(2, std::int64_t{row.cell});
      if (!put.bind(3, stored(row.learned)).run()) break;
    }
  }
  return transaction.commit();
}

}  // namespace freellmapi::store
