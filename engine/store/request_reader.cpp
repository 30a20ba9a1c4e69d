#include "store/request_reader.hpp"

#include <algorithm>
#include <list>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "store/column.hpp"
#include "store/request_batch.hpp"
#include "store/schema.hpp"

namespace freellmapi::store {

namespace {

/// The batches that may hold rows of these times, oldest first.
Statement batches_between(Database& database) {
  return {database,
          "SELECT id, oldest_ms, packed FROM request_batches WHERE oldest_ms >= ?1 AND oldest_ms < ?2"
          " ORDER BY oldest_ms, id"};
}

/// Batches overlap in time by a little: rows wait here until no older one can come.
class InOrder {
 public:
  explicit InOrder(const std::function<bool(const RequestRow&)>& see) : see_(see) {}

  void take(std::string packed, std::int64_t first_id, base::WallTime from, base::WallTime until) {
    const std::string& kept = texts_.emplace_back(std::move(packed));
    PackedRows rows(kept, first_id);
    for (RequestRow row; rows.next(row);) {
      if (row.at >= from && row.at < until) waiting_.push_back(row);
    }
  }
  /// Gives what is older than `before`. False: that is enough.
  bool give(base::WallTime before) {
    const auto older = std::stable_partition(waiting_.begin(), waiting_.end(),
                                             [&](const RequestRow& row) { return row.at < before; });
    std::sort(waiting_.begin(), older, [](const RequestRow& a, const RequestRow& b) {
      return std::pair(a.at, a.id) < std::pair(b.at, b.id);
    });
    for (auto row = waiting_.begin(); row != older; ++row) {
      if (!see_(*row)) return false;
    }
    waiting_.erase(waiting_.begin(), older);
    if (waiting_.empty()) texts_.clear();
    return true;
  }

 private:
  const std::function<bool(const RequestRow&)>& see_;
  std::vector<RequestRow> waiting_;
  std::list<std::string> texts_;
};

}  // namespace

base::Result<std::unique_ptr<RequestReader>> RequestReader::open(const std::filesystem::path& file) {
  auto database = open_database(file, Database::Sync::normal);
  if (!database) return database.error();
  return std::unique_ptr<RequestReader>(new RequestReader(std::move(*database)));
}

base::Result<bool> RequestReader::by_name(std::string_view request_id,
                                          const std::function<void(const RequestRow&)>& see) {
  std::string newest;  // the bytes that it lies in
  RequestRow found;
  const auto look = [&](const Statement& batch) {
    std::string packed = packed_rows(batch.bytes(2));
    PackedRows rows(packed, batch.integer(0));
    bool here = false;
    for (RequestRow row; rows.next(row);) {
      if (row.request_id != request_id || row.id < found.id) continue;
      found = row;
      here = true;
    }
    if (here) newest.swap(packed);  // found's texts lie in it: a swap of long strings moves no byte
  };
  if (const auto told = base::time_in_id(request_id)) {
    Statement batches = batches_between(*database_);
    batches.bind(1, stored(*told - batch_span)).bind(2, stored(*told + named_before_end) + 1);
    while (batches.step()) look(batches);
  }
  // A name may have outlived its row.
  Statement batch(
      *database_,
      "SELECT b.id, b.oldest_ms, b.packed FROM request_names n, request_batches b WHERE n.name = ?1"
      " AND b.id = (SELECT max(id) FROM request_batches WHERE id <= n.id) ORDER BY n.id DESC LIMIT 1");
  if (batch.bind(1, request_id).step()) look(batch);
  if (database_->failed()) return database_->take_failure();
  if (found.id > 0) see(found);
  return found.id > 0;
}

base::Result<void> RequestReader::between(base::WallTime from, base::WallTime until,
                                          const std::function<bool(const RequestRow&)>& see) {
  Statement batches = batches_between(*database_);
  const std::int64_t earliest = std::max(stored(from), INT64_MIN + batch_span.count()) - batch_span.count();
  batches.bind(1, earliest).bind(2, stored(until));
  InOrder rows(see);
  bool more = true;
  while (more && batches.step()) {
    more = rows.give(time_in(batches, 1));
    rows.take(packed_rows(batches.bytes(2)), batches.integer(0), from, until);
  }
  if (more) rows.give(until);
  if (database_->failed()) return database_->take_failure();
  return {};
}

}  // namespace freellmapi::store
