// SQLite behind two small classes. No other file of the engine knows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace freellmapi::store {

class Database;

/// A prepared statement in use. Columns count from 0, parameters from 1. Texts and bytes that are bound must
/// live until the next step(). One thread at a time, as its database.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::optional<std::int64_t> value);
  Statement& bind(int at, std::string_view text);
  Statement& bind_bytes(int at, std::string_view bytes);

  /// True: a row is there. False: the end, or a failure that the database remembers until take_failure().
  bool step();
  /// Lets go of what it reads.
  void reset() noexcept;
  /// Runs to the end and makes the statement ready for the next bind().
  bool run();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> maybe(int column) const;
  /// A copy.
  std::string text(int column) const;
  std::string bytes(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

/// One connection. One thread at a time.
class Database {
 public:
  enum class Sync { normal, full };  ///< full: what is committed survives a power cut
  enum class Mode { read_write, make };

  /// Waits at most five seconds for another connection's write.
  static base::Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode,
                                                      Sync sync);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Statements without rows or parameters. False: it failed.
  bool run(const char* sql);
  bool failed() const noexcept { return !failure_.empty(); }
  /// What went wrong first since the last time, as one sentence naming the file; then it is forgotten.
  base::Error take_failure();
  /// The first column of the first row; nothing when there is none or it failed.
  std::optional<std::int64_t> number(const char* sql);
  std::int64_t last_row_id() const;
  std::int64_t changed_rows() const;

 private:
  friend class Statement;
  friend class Transaction;
  Database(sqlite3* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  void note(int code);

  sqlite3* handle_;
  const std::string name_;
  int code_ = 0;
  std::string failure_;
};

/// Rolls back unless committed. A write is begun at once, so that nothing is read that another writer then
/// changes.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    begun_ = database_.run("BEGIN IMMEDIATE");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  bool begun() const noexcept { return begun_; }
  /// Nothing of it is kept when a statement before it failed. The error says why.
  base::Result<void> commit();

 private:
  Database& database_;
  bool begun_ = false, over_ = false;
};

}  // namespace freellmapi::store
