// The request log: written behind by a thread of its own, so that no request ever waits for a disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/request_row.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// Older and more than that is deleted, oldest first, within a minute of being too much.
struct Retention {
  std::chrono::hours age{24 * 30};
  std::uint64_t rows = 1'000'000;
};

/// Bounds of what waits to be written; the oldest rows make room.
struct QueueBounds {
  std::size_t rows = 8'192;
  std::size_t bytes = 16 * 1024 * 1024;
};

/// Thread safety: every method from any thread. Its rows are written within about 50 ms.
class RequestLog {
 public:
  /// Opens the database, which must be there and whole.
  static base::Result<std::unique_ptr<RequestLog>> open(const std::filesystem::path& file,
                                                        Retention retention, const base::Clock& clock,
                                                        const base::Log& log, QueueBounds bounds = {});
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;
  /// Writes what is waiting.
  ~RequestLog();

  /// Never waits for a disk. When the queue is full its oldest row is dropped and counted.
  void add(RequestRow row) noexcept;
  /// Waits until all that was added is written or given up. For tests, and before a read that must see it.
  void flush();
  void set_retention(Retention retention);
  /// `more` is called on the log's thread with its connection behind every writing, at least once a minute,
  /// and never again once another (or none) has been set. It must not throw.
  void also(std::function<void(Database&)> more);

  /// Rows that were never written, since the start: the queue was full, or the disk.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  RequestLog(std::unique_ptr<Database> database, Retention retention, const base::Clock& clock,
             const base::Log& log, QueueBounds bounds);
  void run();
  void write(std::deque<RequestRow>& rows);
  void retain(Retention retention);
  void report(const base::Error& error);

  const std::unique_ptr<Database> database_;  // the thread's alone
  const base::Clock& clock_;
  const base::Log& log_;
  const QueueBounds bounds_;
  std::atomic<std::uint64_t> dropped_{0}, written_{0};
  std::optional<base::Instant> reported_, retained_;  // the thread's alone
  std::optional<Statement> insert_;  // the thread's alone; prepared once, not for each transaction

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, done_;
  std::deque<RequestRow> waiting_;
  std::size_t waiting_bytes_ = 0;
  Retention retention_;
  std::function<void(Database&)> also_;
  std::uint64_t flushes_ = 0, flushed_ = 0;  // asked for, done
  bool stopping_ = false;
  std::thread thread_;
};

/// Reads the log through a connection of its own, so that a reader never holds up the writer. One thread at a
/// time.
class RequestReader {
 public:
  static base::Result<std::unique_ptr<RequestReader>> open(const std::filesystem::path& file);
  /// The newest of that name: clients choose names and may choose one twice.
  base::Result<std::optional<RequestRow>> by_name(std::string_view request_id);
  /// Gives every row from `from` to before `until`, oldest first, until `see` says false. Rows come one by
  /// one: a month is never in memory.
  base::Result<void> between(base::WallTime from, base::WallTime until,
                             const std::function<bool(const RequestRow&)>& see);

 private:
  explicit RequestReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace freellmapi::store
