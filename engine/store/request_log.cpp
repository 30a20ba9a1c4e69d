#include "store/request_log.hpp"

#include <utility>

#include "store/schema.hpp"

namespace freellmapi::store {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds gather{50};  // rows that come together are one transaction
constexpr std::chrono::seconds between_retentions{60};
constexpr std::chrono::seconds between_reports{60};
// A deletion holds the write lock; the vault's writers wait for no more than a piece of it.
constexpr std::int64_t deleted_at_once = 5'000;

constexpr const char* insert_sql =
    "INSERT INTO requests(at_ms, request_id, surface, status, code, asked, provider, model, key_label, "
    "attempts, trail,"
    " streamed, input_tokens, output_tokens, request_bytes, response_bytes, first_token_us, decided_us, "
    "total_us,"
    " decision) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";

std::int64_t whole(std::uint64_t value) {
  return value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value);
}

void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
    --most;  // not inside a character
  text.resize(most);
}

void bound(RequestRow& row) {
  for (std::string* text :
       {&row.request_id, &row.surface, &row.code, &row.asked, &row.provider, &row.model, &row.key_label}) {
    cut(*text, row_text_most);
  }
  cut(row.trail, row_trail_most);
  if (row.decision.size() > row_decision_most) row.decision.clear();
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

void RequestLog::add(RequestRow row) noexcept {
  try {
    bound(row);
    const std::size_t heavy = weight(row);
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = waiting_.empty();
      waiting_bytes_ += heavy;
      waiting_.push_back(std::move(row));
      while (waiting_.size() > 1 && (waiting_.size() > bounds_.rows || waiting_bytes_ > bounds_.bytes)) {
        waiting_bytes_ -= weight(waiting_.front());
        waiting_.pop_front();
        dropped_.fetch_add(1, std::memory_order_relaxed);
      }
    }
    if (first) wake_.notify_one();
  } catch (...) {
    dropped_.fetch_add(1, std::memory_order_relaxed);  // no memory: the request goes on, its row does not
  }
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
    if (!hurry()) wake_.wait_for(lock, gather, hurry);
    std::deque<RequestRow> rows;
    rows.swap(waiting_);
    waiting_bytes_ = 0;
    const bool last = stopping_;
    const std::uint64_t flushes = flushes_;
    const Retention retention = retention_;
    const std::function<void(Database&)> also = also_;
    lock.unlock();
    write(rows);
    if (also) also(*database_);
    if (!last) retain(retention);
    lock.lock();
    flushed_ = flushes;
    done_.notify_all();
    if (last && waiting_.empty()) return;
  }
}

void RequestLog::write(std::deque<RequestRow>& rows) {
  if (rows.empty()) return;
  Transaction transaction(*database_);
  {
    if (!insert_) insert_.emplace(*database_, insert_sql);
    Statement& insert = *insert_;
    for (const RequestRow& row : rows) {
      insert.bind(1, row.at.time_since_epoch().count()).bind(2, row.request_id).bind(3, row.surface);
      insert.bind(4, std::int64_t{row.status}).bind(5, row.code).bind(6, row.asked).bind(7, row.provider);
      insert.bind(8, row.model).bind(9, row.key_label).bind(10, whole(row.attempts)).bind(11, row.trail);
      insert.bind(12, std::int64_t{row.streamed}).bind(13, whole(row.input_tokens));
      insert.bind(14, whole(row.output_tokens)).bind(15, whole(row.request_bytes));
      insert.bind(16, whole(row.response_bytes)).bind(17, row.first_token_us).bind(18, row.decided_us);
      insert.bind(19, row.total_us).bind_bytes(20, row.decision);
      if (!insert.run()) break;
    }
  }
  if (const auto committed = transaction.commit(); !committed) {
    insert_.reset();
    dropped_.fetch_add(rows.size(), std::memory_order_relaxed);
    report(committed.error());
    return;
  }
  written_.fetch_add(rows.size(), std::memory_order_relaxed);
}

void RequestLog::retain(Retention retention) {
  const base::Instant now = clock_.steady();
  if (retained_ && now - *retained_ < between_retentions) return;
  retained_ = now;
  const auto newest = database_->number("SELECT seq FROM sqlite_sequence WHERE name='requests'");
  if (!newest) {
    if (database_->failed()) report(database_->take_failure());
    return;
  }
  // Ids grow with time and only the oldest rows go, so what lies below this id is too much.
  const std::int64_t below = *newest - whole(retention.rows) + 1;
  const std::int64_t before = (clock_.wall() - retention.age).time_since_epoch().count();
  while (true) {
    Statement remove(*database_,
                     "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE id < ?1 OR at_ms < ?2"
                     " ORDER BY id LIMIT ?3)");
    if (!remove.bind(1, below).bind(2, before).bind(3, deleted_at_once).run()) break;
    if (database_->changed_rows() < deleted_at_once) break;
    const std::lock_guard lock(mutex_);
    // What comes in meanwhile is more urgent; the rest goes next time.
    if (stopping_ || waiting_.size() > bounds_.rows / 2) {
      retained_.reset();
      break;
    }
  }
  database_->run("PRAGMA incremental_vacuum(2000)");
  if (database_->failed()) report(database_->take_failure());
}

void RequestLog::report(const base::Error& error) {
  const base::Instant now = clock_.steady();
  if (reported_ && now - *reported_ < between_reports) return;
  reported_ = now;
  log_.error("store.write_failed", {{"message", error.message}, {"rows_lost", dropped()}});
}

namespace {

constexpr const char* columns =
    "SELECT id, at_ms, request_id, surface, status, code, asked, provider, model, key_label, attempts, "
    "trail, streamed,"
    " input_tokens, output_tokens, request_bytes, response_bytes, first_token_us, decided_us, total_us, "
    "decision"
    " FROM requests ";

RequestRow row_of(const Statement& from) {
  const auto count = [&from](int column) { return static_cast<std::uint64_t>(from.integer(column)); };
  RequestRow row;
  row.id = from.integer(0);
  row.at = base::WallTime{std::chrono::milliseconds{from.integer(1)}};
  row.request_id = from.text(2);
  row.surface = from.text(3);
  row.status = static_cast<int>(from.integer(4));
  row.code = from.text(5);
  row.asked = from.text(6);
  row.provider = from.text(7);
  row.model = from.text(8);
  row.key_label = from.text(9);
  row.attempts = count(10);
  row.trail = from.text(11);
  row.streamed = from.integer(12) != 0;
  row.input_tokens = count(13);
  row.output_tokens = count(14);
  row.request_bytes = count(15);
  row.response_bytes = count(16);
  row.first_token_us = from.maybe(17);
  row.decided_us = from.maybe(18);
  row.total_us = from.integer(19);
  row.decision = from.bytes(20);
  return row;
}

}  // namespace

base::Result<std::unique_ptr<RequestReader>> RequestReader::open(const std::filesystem::path& file) {
  auto database = open_database(file, Database::Sync::normal);
  if (!database) return database.error();
  return std::unique_ptr<RequestReader>(new RequestReader(std::move(*database)));
}

base::Result<std::optional<RequestRow>> RequestReader::by_name(std::string_view request_id) {
  const std::string sql = std::string(columns) + "WHERE request_id = ?1 ORDER BY id DESC LIMIT 1";
  Statement find(*database_, sql.c_str());
  std::optional<RequestRow> found;
  if (find.bind(1, request_id).step()) found = row_of(find);
  if (database_->failed()) return database_->take_failure();
  return found;
}

base::Result<void> RequestReader::between(base::WallTime from, base::WallTime until,
                                          const std::function<bool(const RequestRow&)>& see) {
  const std::string sql = std::string(columns) + "WHERE at_ms >= ?1 AND at_ms < ?2 ORDER BY at_ms, id";
  Statement find(*database_, sql.c_str());
  find.bind(1, from.time_since_epoch().count()).bind(2, until.time_since_epoch().count());
  while (find.step()) {
    if (!see(row_of(find))) break;
  }
  if (database_->failed()) return database_->take_failure();
  return {};
}

}  // namespace freellmapi::store
