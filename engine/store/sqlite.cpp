#include "store/sqlite.hpp"

#include <sqlite3.h>

#include "base/text.hpp"

namespace freellmapi::store {

namespace {

constexpr int busy_ms = 5'000;

base::Errc kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Errc::protocol;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::Errc::timeout;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return base::Errc::permission;
    case SQLITE_CONSTRAINT:
      return base::Errc::already_exists;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return base::Errc::limit;
    default:
      return base::Errc::io;
  }
}

}  // namespace

Statement::Statement(Database& database, const char* sql) : database_(database) {
  database_.note(sqlite3_prepare_v2(database_.handle_, sql, -1, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int at, std::int64_t value) {
  if (statement_ != nullptr) database_.note(sqlite3_bind_int64(statement_, at, value));
  return *this;
}

Statement& Statement::bind(int at, std::optional<std::int64_t> value) {
  if (value) return bind(at, *value);
  if (statement_ != nullptr) database_.note(sqlite3_bind_null(statement_, at));
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  if (statement_ != nullptr) {
    database_.note(sqlite3_bind_text64(statement_, at, data, text.size(), nullptr /* static */, SQLITE_UTF8));
  }
  return *this;
}

Statement& Statement::bind_bytes(int at, std::string_view bytes) {
  const char* data = bytes.empty() ? "" : bytes.data();
  if (statement_ != nullptr)
    database_.note(sqlite3_bind_blob64(statement_, at, data, bytes.size(), nullptr /* static */));
  return *this;
}

bool Statement::step() {
  if (statement_ == nullptr || database_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  database_.note(code);
  return false;
}

void Statement::reset() noexcept {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool Statement::run() {
  while (step()) {
  }
  reset();
  return !database_.failed();
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<std::int64_t> Statement::maybe(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const { return bytes(column); }

std::string Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

base::Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode,
                                                       Sync sync) {
  // Else each connection begins with room for twenty pages. Refused, which does no harm, once SQLite is in
  // use.
  static const int no_pages_ahead = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(no_pages_ahead);
  sqlite3* handle = nullptr;
  // Never SQLITE_OPEN_CREATE for a file that should be there: a missing one must not become an empty one.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::make ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return base::Error{base::Errc::internal, "SQLite has no memory"};
  std::unique_ptr<Database> database(new Database(handle, file.filename().string()));
  database->note(code);
  sqlite3_busy_timeout(handle, busy_ms);
  // A damaged file must not be able to run anything of its own.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  database->run(sync == Sync::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (database->failed()) return database->take_failure();
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

bool Database::run(const char* sql) {
  note(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
  return !failed();
}

void Database::note(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE || failed()) return;
  code_ = code;
  failure_ = name_ + ": " + base::printable(sqlite3_errmsg(handle_));
}

base::Error Database::take_failure() {
  base::Error error{kind_of(code_), std::move(failure_)};
  failure_.clear();
  code_ = 0;
  return error;
}

std::optional<std::int64_t> Database::number(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) return std::nullopt;
  return statement.integer(0);
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changed_rows() const { return sqlite3_changes64(handle_); }

Transaction::~Transaction() {
  if (!begun_ || over_) return;
  // A failure may have rolled back already; then there is nothing to do and that is no failure.
  if (sqlite3_get_autocommit(database_.handle_) == 0)
    sqlite3_exec(database_.handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

base::Result<void> Transaction::commit() {
  if (database_.failed() || !database_.run("COMMIT")) return database_.take_failure();
  over_ = true;
  return {};
}

}  // namespace freellmapi::store
