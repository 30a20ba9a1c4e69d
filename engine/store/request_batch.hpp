// The rows of the request log as they lie in the database: many in one record of a table, because a record
// and its places in indices cost SQLite thirty times what a row's bytes do.
//
// A request's name that tells its time is looked for there; every other has a place in an index.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/request_row.hpp"
#include "store/row_changes.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

inline constexpr std::size_t batch_rows_most = 256;
/// The rows of one batch ended within that of each other.
inline constexpr std::chrono::milliseconds batch_span{10'000};
/// A request that took longer than that is not found by the time in its name.
inline constexpr std::chrono::milliseconds named_before_end{60'000};

/// When its request began, where that is enough to find it.
std::optional<base::WallTime> told_by_name(const RequestRow& row) noexcept;

/// Rows that become one record.
struct Batch {
  std::size_t rows = 0;
  base::WallTime oldest{}, newest{};
  std::string changes;  ///< the rows: see row_changes.hpp
  /// The names that do not tell their time, with the number of their row in the batch.
  std::vector<std::pair<std::int64_t, std::string>> names;
};

/// Packed rows, in their order.
std::vector<Batch> batches_of(std::string_view packed);

/// Writes batches into the tables of schema 7. One thread, inside one transaction of the database.
class BatchWriter {
 public:
  explicit BatchWriter(Database& database)
      : database_(database),
        batch_(database,
               "INSERT INTO request_batches(id, oldest_ms, newest_ms, rows, packed) VALUES(?1,?2,?3,?4,?5)"),
        name_(database, "INSERT OR REPLACE INTO request_names(id, name) VALUES(?1,?2)") {}
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  /// Behind those that are there. The database remembers its failure.
  void write(std::span<const Batch> batches);

 private:
  Database& database_;
  Statement batch_, name_;
};

/// Puts the rows of schema 4 into batches, and the batches of schema 5 and 6 into today's form. False: the
/// database failed.
bool repack_requests(Database& database);

}  // namespace freellmapi::store
