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

struct BatchWriter::Batch {
  std::int64_t first_id = 1;
  std::size_t rows = 0;
  base::WallTime oldest{}, newest{};
  std::string_view bytes;

  bool takes(const RequestRow& row, std::size_t size) const noexcept {
    return rows == 0 || (rows < batch_rows_most && bytes.size() + size <= batch_bytes_most &&
                         std::max(newest, row.at) - std::min(oldest, row.at) <= batch_span);
  }
  void take(const RequestRow& row, std::size_t size) noexcept {
    oldest = rows == 0 ? row.at : std::min(oldest, row.at);
    newest = rows == 0 ? row.at : std::max(newest, row.at);
    bytes = {bytes.data(), bytes.size() + size};
    ++rows;
  }
};

void BatchWriter::write(const Batch& batch) {
  batch_.bind(1, batch.first_id).bind(2, stored(batch.oldest));
  batch_.bind(3, stored(batch.newest)).bind(4, static_cast<std::int64_t>(batch.rows));
  batch_.bind_bytes(5, batch.bytes).run();
}

std::size_t BatchWriter::write(std::string_view packed) {
  Batch batch;
  batch.first_id =
      database_.number("SELECT id + rows FROM request_batches ORDER BY id DESC LIMIT 1").value_or(1);
  batch.bytes = packed.substr(0, 0);
  std::size_t written = 0;
  PackedRows rows(packed, batch.first_id);
  for (RequestRow row; !database_.failed();) {
    const std::string_view here = rows.rest();
    if (!rows.next(row)) break;
    const std::size_t size = here.size() - rows.rest().size();
    if (!batch.takes(row, size)) {
      write(batch);
      batch = {row.id, 0, {}, {}, here.substr(0, 0)};
    }
    batch.take(row, size);
    if (!told_by_name(row)) name_.bind(1, row.id).bind(2, row.request_id).run();
    ++written;
  }
  if (batch.rows > 0) write(batch);
  return written;
}

bool repack_requests(Database& database) {
  constexpr std::size_t at_once = 1024 * 1024;
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
    to.write(packed);
    packed.clear();
  }
  to.write(packed);
  return !database.failed();
}

}  // namespace freellmapi::store
