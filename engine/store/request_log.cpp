#include "store/request_log.hpp"

#include <algorithm>
#include <utility>

#include "store/column.hpp"
#include "store/schema.hpp"

namespace freellmapi::store {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds gather{200};  // rows that come together are one transaction
constexpr std::chrono::seconds between_retentions{60};
constexpr std::chrono::seconds between_reports{60};
// A deletion holds the write lock; the vault's writers wait for no more than a piece of it.
constexpr std::int64_t batches_at_once = 100, names_at_once = 5'000;

// What the buffers of an ordinary load have from the beginning, and may keep for the next.
constexpr std::size_t buffer_first = 256 * 1024;
constexpr std::size_t buffer_kept = 1024 * 1024;

std::int64_t whole(std::uint64_t value) {
  return value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value);
}

}  // namespace

base::Result<std::unique_ptr<RequestLog>> RequestLog::open(const std::filesystem::path& file,
                                                           Retention retention, const base::Clock& clock,
                                                           const base::Log& log, QueueBounds bounds) {
  auto database = open_database(file, Database::Sync::normal);
  if (!database) return database.error();
  return std::unique_ptr<RequestLog>(new RequestLog(std::move(*database), retention, clock, log, bounds));
}

RequestLog::RequestLog(std::unique_ptr<Database> database, Retention retention, const base::Clock& clock,
                       const base::Log& log, QueueBounds bounds)
    : database_(std::move(database)),
      clock_(clock),
      log_(log),
      bounds_(bounds),
      retention_(retention),
      thread_([this] { run(); }) {}

RequestLog::~RequestLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void RequestLog::add(const RequestRow& row) noexcept {
  bool wake = false;
  try {
    const std::lock_guard lock(mutex_);
    wake = waiting_.empty();
    if (waiting_.bytes.capacity() < buffer_first) waiting_.bytes.reserve(buffer_first);
    pack(row, waiting_.bytes);
    ++waiting_.rows;
    if (!crowded_ && (waiting_.rows >= bounds_.rows / 2 || waiting_.size() >= bounds_.bytes / 2)) {
      wake = true;
      crowded_ = true;
    }
    while (waiting_.rows > 1 && (waiting_.rows > bounds_.rows || waiting_.size() > bounds_.bytes)) {
      waiting_.drop_first();
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
  } catch (...) {
    dropped_.fetch_add(1, std::memory_order_relaxed);  // no memory: the request goes on, its row does not
  }
  if (wake) wake_.notify_one();
}

bool RequestLog::at_hand(std::string_view request_id,
                         const std::function<void(const RequestRow&)>& see) const {
  const std::lock_guard lock(mutex_);
  std::optional<RequestRow> found;
  const auto look = [&](std::string_view packed) {
    bool here = false;
    PackedRows rows(packed);
    for (RequestRow row; rows.next(row);) {
      if (row.request_id != request_id || (found && row.at < found->at)) continue;
      found = row;
      here = true;
    }
    return here;
  };
  std::string kept;  // found's texts lie in it
  for (const Rows& rows : recent_) {
    std::string packed = packed_rows(rows.changes);
    if (look(packed)) kept.swap(packed);  // a swap of long strings moves no byte
  }
  look(writing_.rest());
  look(waiting_.rest());
  if (found) see(*found);
  return found.has_value();
}

void RequestLog::Queue::drop_first() {
  from += packed_size(rest());
  --rows;
  if (from < bytes.size() / 2) return;
  bytes.erase(0, from);
  from = 0;
}

void RequestLog::Queue::clear() {
  if (bytes.capacity() > buffer_kept) bytes = {};
  bytes.clear();
  from = 0;
  rows = 0;
}

void RequestLog::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++flushes_;
  wake_.notify_one();
  done_.wait(lock, [&] { return flushed_ >= mine; });
}

void RequestLog::set_retention(Retention retention) {
  const std::lock_guard lock(mutex_);
  retention_ = retention;
}

void RequestLog::also(std::function<void(Database&)> more) {
  {
    const std::lock_guard lock(mutex_);
    also_ = std::move(more);
  }
  flush();  // the round that took the one before is over
}

void RequestLog::run() {
  std::unique_lock lock(mutex_);
  const auto hurry = [this] { return stopping_ || flushes_ > flushed_; };
  while (true) {
    wake_.wait_for(lock, between_retentions, [&] { return hurry() || !waiting_.empty(); });
    if (!hurry()) wake_.wait_for(lock, gather, [&] { return hurry() || crowded_; });
    std::swap(writing_, waiting_);
    crowded_ = false;
    const bool last = stopping_;
    const std::uint64_t flushes = flushes_;
    const Retention retention = retention_;
    const std::function<void(Database&)> also = also_;
    lock.unlock();
    std::vector<Batch> written = batches_of(writing_.rest());
    write(written);
    if (also) also(*database_);
    if (!last) retain(retention);
    lock.lock();
    for (Batch& batch : written) {
      recent_rows_ += batch.rows;
      recent_.push_back({std::move(batch.changes), batch.rows});
    }
    while (!recent_.empty() && recent_rows_ - recent_.front().count >= newest) {
      recent_rows_ -= recent_.front().count;
      recent_.pop_front();
    }
    writing_.clear();
    flushed_ = flushes;
    done_.notify_all();
    if (last && waiting_.empty()) return;
  }
}

void RequestLog::write(const std::vector<Batch>& batches) {
  if (batches.empty()) return;
  const std::size_t rows = writing_.rows;
  Transaction transaction(*database_);
  if (!batches_) batches_.emplace(*database_);
  batches_->write(batches);
  if (const auto committed = transaction.commit(); !committed) {
    batches_.reset();
    dropped_.fetch_add(rows, std::memory_order_relaxed);
    report(committed.error());
    return;
  }
  written_.fetch_add(rows, std::memory_order_relaxed);
}

void RequestLog::retain(Retention retention) {
  const base::Instant now = clock_.steady();
  if (retained_ && now - *retained_ < between_retentions) return;
  retained_ = now;
  const auto next = database_->number("SELECT id + rows FROM request_batches ORDER BY id DESC LIMIT 1");
  if (!next) {
    if (database_->failed()) report(database_->take_failure());
    return;
  }
  // Ids grow with time and only the oldest rows go, so what lies below this id is too much.
  const std::int64_t below = *next - std::max<std::int64_t>(whole(retention.rows), 1);
  const std::int64_t before = stored(clock_.wall() - retention.age);
  while (true) {
    Statement remove(*database_,
                     "DELETE FROM request_batches WHERE id IN (SELECT id FROM request_batches WHERE"
                     " id < (SELECT max(id) FROM request_batches WHERE id <= ?1)"
                     " OR (oldest_ms < ?2 AND newest_ms < ?2) ORDER BY id LIMIT ?3)");
    if (!remove.bind(1, below).bind(2, before).bind(3, batches_at_once).run()) break;
    if (database_->changed_rows() < batches_at_once) {
      cut_batch(below);
      forget_names();
      break;
    }
    const std::lock_guard lock(mutex_);
    // What comes in meanwhile is more urgent; the rest goes next time.
    if (stopping_ || waiting_.rows > bounds_.rows / 2) {
      retained_.reset();
      break;
    }
  }
  database_->run("PRAGMA incremental_vacuum(2000)");
  if (database_->failed()) report(database_->take_failure());
}

// Of the oldest batch a part may be too much.
void RequestLog::cut_batch(std::int64_t below) {
  Statement oldest(*database_,
                   "SELECT id, rows, packed FROM request_batches WHERE id < ?1 ORDER BY id LIMIT 1");
  if (!oldest.bind(1, below).step()) return;
  const std::int64_t id = oldest.integer(0);
  const std::string packed = packed_rows(oldest.bytes(2));
  PackedRows rows(packed, id);
  RequestRow row;
  while (row.id < below - 1 && rows.next(row)) {
  }
  Statement keep(*database_, "UPDATE request_batches SET id = ?1, rows = ?2, packed = ?3 WHERE id = ?4");
  const std::string changes = changes_of(rows.rest());
  keep.bind(1, below).bind(2, oldest.integer(1) - (below - id)).bind_bytes(3, changes).bind(4, id);
  oldest.reset();
  keep.run();
}

void RequestLog::forget_names() {
  Statement forget(*database_,
                   "DELETE FROM request_names WHERE id IN (SELECT id FROM request_names WHERE"
                   " id < coalesce((SELECT min(id) FROM request_batches), 9223372036854775807) LIMIT ?1)");
  do {
    forget.bind(1, names_at_once);
  } while (forget.run() && database_->changed_rows() == names_at_once);
}

void RequestLog::report(const base::Error& error) {
  const base::Instant now = clock_.steady();
  if (reported_ && now - *reported_ < between_reports) return;
  reported_ = now;
  log_.error("store.write_failed", {{"message", error.message}, {"rows_lost", dropped()}});
}

}  // namespace freellmapi::store
