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
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/request_batch.hpp"
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

/// Thread safety: every method from any thread. Its rows are written within about 200 ms; at least the last
/// `newest` of them are at hand besides, written or not.
class RequestLog {
 public:
  static constexpr std::size_t newest = 1'024;

  /// Opens the database, which must be there and whole.
  static base::Result<std::unique_ptr<RequestLog>> open(const std::filesystem::path& file,
                                                        Retention retention, const base::Clock& clock,
                                                        const base::Log& log, QueueBounds bounds = {});
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;
  /// Writes what is waiting.
  ~RequestLog();

  /// Never waits for a disk. When the queue is full its oldest row is dropped and counted.
  void add(const RequestRow& row) noexcept;
  /// Shows the newest of that name, when it is one of those at hand; under a lock that add() takes. False: it
  /// is not.
  bool at_hand(std::string_view request_id, const std::function<void(const RequestRow&)>& see) const;
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
  /// Packed rows, of which the oldest may be dropped.
  struct Queue {
    std::string bytes;
    std::size_t from = 0, rows = 0;  // from: where the first that was not dropped begins

    bool empty() const noexcept { return rows == 0; }
    std::string_view rest() const noexcept { return std::string_view(bytes).substr(from); }
    std::size_t size() const noexcept { return bytes.size() - from; }
    void drop_first();
    void clear();
  };
  struct Rows {
    std::string changes;
    std::size_t count = 0;
  };
  void write(const std::vector<Batch>& batches);
  void retain(Retention retention);
  void cut_batch(std::int64_t below);
  void forget_names();
  void report(const base::Error& error);

  const std::unique_ptr<Database> database_;  // the thread's alone
  const base::Clock& clock_;
  const base::Log& log_;
  const QueueBounds bounds_;
  std::atomic<std::uint64_t> dropped_{0}, written_{0};
  std::optional<base::Instant> reported_, retained_;  // the thread's alone
  std::optional<BatchWriter> batches_;  // the thread's alone; prepared once, not for each transaction
  Queue writing_;                       // the thread's; changed under the mutex

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, done_;
  Queue waiting_;
  std::deque<Rows> recent_;  // what was written last, at least `newest` rows of it
  std::size_t recent_rows_ = 0;
  Retention retention_;
  std::function<void(Database&)> also_;
  std::uint64_t flushes_ = 0, flushed_ = 0;  // asked for, done
  bool crowded_ = false;                     // half of its bounds: not a moment to gather more
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace freellmapi::store
