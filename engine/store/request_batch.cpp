#include "store/request_batch.hpp"

#include <algorithm>
#include <string>

#include "base/ids.hpp"
#include "store/column.hpp"

namespace freellmapi::store {

std::optional<base::WallTime> told_by_name(const RequestRow& row) noexcept {
  const auto told = base::time_in_id(row.request_id);
  if (!told || *told > row.at || row.at - *told > named_before_end) return std::nullopt;
  return told;
}

std::vector<Batch> batches_of(std::string_view packed) {
  std::vector<Batch> batches;
  RowChanges changes;
  std::size_t bytes = 0;  // of the last batch's packed rows
  const auto takes = [&](const Batch& batch, const RequestRow& row, std::size_t size) {
    return batch.rows < batch_rows_most && bytes + size <= batch_bytes_most &&
           std::max(batch.newest, row.at) - std::min(batch.oldest, row.at) <= batch_span;
  };
  PackedRows rows(packed);
  for (RequestRow row;;) {
    const std::string_view here = rows.rest();
    if (!rows.next(row)) break;
    const std::size_t size = here.size() - rows.rest().size();
    if (batches.empty() || !takes(batches.back(), row, size)) {
      if (!batches.empty()) batches.back().changes = changes.bytes();
      changes.begin();
      bytes = 0;
      batches.push_back({0, row.at, row.at, {}, {}});
    }
    Batch& batch = batches.back();
    if (!told_by_name(row)) batch.names.emplace_back(batch.rows, row.request_id);
    batch.oldest = std::min(batch.oldest, row.at);
    batch.newest = std::max(batch.newest, row.at);
    ++batch.rows;
    bytes += size;
    changes.add(here.substr(0, size));
  }
  if (!batches.empty()) batches.back().changes = changes.bytes();
  return batches;
}

void BatchWriter::write(std::span<const Batch> batches) {
  std::int64_t id =
      database_.number("SELECT id + rows FROM request_batches ORDER BY id DESC LIMIT 1").value_or(1);
  for (const Batch& batch : batches) {
    const auto rows = static_cast<std::int64_t>(batch.rows);
    batch_.bind(1, id).bind(2, stored(batch.oldest)).bind(3, stored(batch.newest)).bind(4, rows);
    batch_.bind_bytes(5, batch.changes).run();
    for (const auto& [row, name] : batch.names) name_.bind(1, id + row).bind(2, name).run();
    id += rows;
  }
}

namespace {

// What schemas 5 and 6 have in the place of changes are the packed rows.
void repack_batches(Database& database) {
  Statement next(database, "SELECT id, packed FROM request_batches WHERE id > ?1 ORDER BY id LIMIT 1");
  Statement keep(database, "UPDATE request_batches SET packed = ?1 WHERE id = ?2");
  for (std::int64_t id = INT64_MIN; next.bind(1, id).step();) {
    id = next.integer(0);
    const std::string changes = changes_of(next.bytes(1));
    next.reset();
    keep.bind_bytes(1, changes).bind(2, id).run();
  }
}

}  // namespace

bool repack_requests(Database& database) {
  constexpr std::size_t at_once = 1024 * 1024;
  repack_batches(database);
  if (database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'requests'") != 1)
    return !database.failed();
  Statement from(
      database,
      "SELECT at_ms, request_id, surface, status, code, asked, provider, model, key_label, attempts, "
      "trail, streamed, input_tokens, output_tokens, request_bytes, response_bytes, first_token_us, "
      "decided_us, total_us, decision FROM requests ORDER BY id");
  BatchWriter to(database);
  std::string packed;
  const auto count = [&from](int column) { return word_in(from, column); };
  while (from.step()) {
    const std::string name = from.text(1), surface = from.text(2), code = from.text(4), asked = from.text(5),
                      provider = from.text(6), model = from.text(7), key = from.text(8),
                      trail = from.text(10), decision = from.bytes(19);
    RequestRow row;
    row.at = time_in(from, 0);
    row.request_id = name;
    row.surface = surface;
    row.status = static_cast<int>(from.integer(3));
    row.code = code;
    row.asked = asked;
    row.provider = provider;
    row.model = model;
    row.key_label = key;
    row.attempts = count(9);
    row.trail = trail;
    row.streamed = from.integer(11) != 0;
    row.input_tokens = count(12);
    row.output_tokens = count(13);
    row.request_bytes = count(14);
    row.response_bytes = count(15);
    row.first_token_us = from.maybe(16);
    row.decided_us = from.maybe(17);
    row.total_us = from.integer(18);
    row.decision = decision;
    pack(row, packed);
    if (packed.size() < at_once) continue;
    to.write(batches_of(packed));
    packed.clear();
  }
  to.write(batches_of(packed));
  return !database.failed();
}

}  // namespace freellmapi::store
