#include "store/schema.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "store/descriptor.hpp"
#include "store/request_batch.hpp"

namespace freellmapi::store {

namespace {

namespace fs = std::filesystem;

// What step n - 1 left is step n's to change. The id is bound into what is sealed, so it is never given
// twice.
struct Step {
  const char* sql;
  bool (*convert)(Database&) = nullptr;  // behind it; false: the database failed
  const char* then = "";
};
constexpr std::array<Step, schema_version> steps{{
    {"CREATE TABLE secrets("
     " id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, label TEXT NOT NULL, format INTEGER NOT "
     "NULL,"
     " nonce BLOB NOT NULL, sealed BLOB NOT NULL, enabled INTEGER NOT NULL, added_ms INTEGER NOT NULL,"
     " UNIQUE(provider, label));"
     "CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
     "INSERT INTO counters VALUES('vault', 0);"},

    {"CREATE TABLE requests("
     " id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, request_id TEXT NOT NULL, surface TEXT "
     "NOT NULL,"
     " status INTEGER NOT NULL, code TEXT NOT NULL, asked TEXT NOT NULL, provider TEXT NOT NULL, model TEXT "
     "NOT NULL,"
     " key_label TEXT NOT NULL, attempts INTEGER NOT NULL, trail TEXT NOT NULL, streamed INTEGER NOT NULL,"
     " input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, request_bytes INTEGER NOT NULL,"
     " response_bytes INTEGER NOT NULL, first_token_us INTEGER, decided_us INTEGER, total_us INTEGER NOT "
     "NULL,"
     " decision BLOB);"
     "CREATE INDEX requests_by_name ON requests(request_id);"
     "CREATE INDEX requests_by_time ON requests(at_ms);"},

    {"CREATE TABLE key_health("
     " provider TEXT NOT NULL, fingerprint INTEGER NOT NULL, last_good_ms INTEGER, last_refused_ms INTEGER,"
     " refusals INTEGER NOT NULL, last_probe_ms INTEGER, PRIMARY KEY(provider, fingerprint)) WITHOUT ROWID;"},

    {"CREATE TABLE pins("
     " session INTEGER PRIMARY KEY, model INTEGER NOT NULL, key INTEGER NOT NULL, conversation INTEGER NOT "
     "NULL,"
     " at_ms INTEGER NOT NULL);"
     "CREATE INDEX pins_by_time ON pins(at_ms);"
     "CREATE TABLE thoughts("
     " by_id INTEGER PRIMARY KEY, by_place INTEGER NOT NULL, at_ms INTEGER NOT NULL, nonce BLOB NOT NULL,"
     " sealed BLOB NOT NULL);"
     "CREATE INDEX thoughts_by_time ON thoughts(at_ms);"
     "CREATE TABLE token_costs("
     " family INTEGER NOT NULL, cell INTEGER NOT NULL, learned INTEGER NOT NULL, PRIMARY KEY(family, cell))"
     " WITHOUT ROWID;"},

    // A batch's id is that of its first row; a name has the id of its row.
    {"CREATE TABLE request_batches("
     " id INTEGER PRIMARY KEY, oldest_ms INTEGER NOT NULL, newest_ms INTEGER NOT NULL, rows INTEGER NOT NULL,"
     " packed BLOB NOT NULL);"
     "CREATE TABLE request_names(id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
     "CREATE INDEX request_batches_by_time ON request_batches(oldest_ms);"
     "CREATE INDEX request_names_by_name ON request_names(name);"},

    {"CREATE TABLE measured("
     " name INTEGER NOT NULL, spread INTEGER NOT NULL, at_ms INTEGER NOT NULL, figures BLOB NOT NULL,"
     " PRIMARY KEY(name, spread)) WITHOUT ROWID;"},

    // The rows of schema 4 are put into batches here, in the form that batches have from now on.
    {"", repack_requests, "DROP TABLE IF EXISTS requests;"},
}};

// Of the write-ahead log, before it is taken into the file.
constexpr std::int64_t log_most = 4 * 1024 * 1024;

// Small enough to be read through at every start.
constexpr std::uintmax_t checked_whole_up_to = 16 * 1024 * 1024;

base::Error refusal(const fs::path& file, const std::string& why) {
  return {base::Errc::protocol,
          fmt::format(
              "{} {}; nothing was changed. Put a copy of it back, or move it away to begin without its keys "
              "and history",
              file.string(), why)};
}

std::string first_word(Database& database, const char* sql) {
  Statement statement(database, sql);
  return statement.step() ? statement.text(0) : std::string();
}

base::Result<void> judge(Database& database, const fs::path& file) {
  const auto id = database.number("PRAGMA application_id");
  const auto version = database.number("PRAGMA user_version");
  if (!id || !version)
    return refusal(file, "is damaged or no database (" + database.take_failure().message + ")");
  if (*id != application_id) return refusal(file, "is a database of another program");
  if (*version > schema_version) {
    return base::Error{
        base::Errc::protocol,
        fmt::format("{} was written by a newer version of this program (schema {}, this one knows {}); "
                    "nothing was changed. Use that version",
                    file.string(), *version, schema_version)};
  }
  if (*version < 1) return refusal(file, "holds no schema of this program");
  std::error_code ec;
  const std::uintmax_t size = fs::file_size(file, ec);
  const bool whole = !ec && size <= checked_whole_up_to;
  const std::string found =
      first_word(database, whole ? "PRAGMA quick_check(1)" : "PRAGMA quick_check(secrets)");
  if (database.failed()) return refusal(file, "is damaged (" + database.take_failure().message + ")");
  if (found != "ok") return refusal(file, "is damaged (" + found + ")");
  return {};
}

}  // namespace

base::Result<void> migrate(Database& database, int target) {
  const auto found = database.number("PRAGMA user_version");
  if (found && *found >= target) return {};
  Transaction transaction(database);
  // Read again inside the transaction: another process may just have done it.
  const auto version = database.number("PRAGMA user_version");
  if (!version) return database.take_failure();
  for (auto step = static_cast<int>(*version); step < target; ++step) {
    const auto& [sql, convert, then] = steps[static_cast<std::size_t>(step)];
    const bool done = database.run(sql) && (convert == nullptr || convert(database)) && database.run(then);
    if (!done) return database.take_failure();
  }
  if (*version < target) {
    database.run(fmt::format("PRAGMA user_version={}", target).c_str());
    database.run(fmt::format("PRAGMA application_id={}", application_id).c_str());
  }
  return transaction.commit();
}

base::Result<std::unique_ptr<Database>> open_database(const fs::path& file, Database::Sync sync) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    return base::Error{errno == ENOENT ? base::Errc::not_found : base::Errc::io,
                       fmt::format("cannot open {}: {}", file.string(), std::strerror(errno))};
  }
  if (!S_ISREG(status.st_mode)) return refusal(file, "is not a file");
  if (status.st_size == 0) return refusal(file, "is empty");
  if ((status.st_mode & 077) != 0 && ::chmod(file.c_str(), 0600) != 0) {
    return base::Error{base::Errc::permission,
                       fmt::format("{} can be read by others and cannot be closed to them: {}", file.string(),
                                   std::strerror(errno))};
  }
  auto database = Database::open(file, Database::Mode::read_write, sync);
  if (!database && database.error().code != base::Errc::protocol) {
    return base::Error{database.error().code,
                       fmt::format("cannot open {}: {}", file.string(), database.error().message)};
  }
  if (!database) return refusal(file, "is damaged or no database (" + database.error().message + ")");
  if (const auto judged = judge(**database, file); !judged) return judged.error();
  (*database)->run("PRAGMA journal_mode=WAL");
  if (const auto page = (*database)->number("PRAGMA page_size"); page && *page > 0)
    (*database)->run(fmt::format("PRAGMA wal_autocheckpoint={}", log_most / *page).c_str());
  (*database)->run("PRAGMA secure_delete=ON");
  if ((*database)->failed()) return (*database)->take_failure();
  if (const auto migrated = migrate(**database); !migrated) {
    return base::Error{migrated.error().code,
                       fmt::format("{} could not be brought to schema {} and is as it was: {}", file.string(),
                                   schema_version, migrated.error().message)};
  }
  return std::move(*database);
}

base::Result<void> make_database(const fs::path& file) {
  // Two first starts at once: the second waits here and then finds the first one's file.
  const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::flock(folder.get(), LOCK_EX) != 0) {
    return base::Error{base::Errc::io, fmt::format("cannot use the folder {}: {}",
                                                   file.parent_path().string(), std::strerror(errno))};
  }
  std::error_code ec;
  if (fs::exists(fs::symlink_status(file, ec))) return {};
  // SQLite would play them into the new file, whichever one they were written for; and a program that still
  // has the old one open writes to them.
  for (const char* of_the_old : {"-wal", "-journal"}) {
    const fs::path left = file.string() + of_the_old;
    if (!fs::exists(fs::symlink_status(left, ec))) continue;
    return base::Error{
        base::Errc::protocol,
        fmt::format("{} is gone but {} is still there; nothing was changed. Stop what uses it, "
                    "and put the file back, or move that one away as well to begin without its "
                    "keys and history",
                    file.string(), left.filename().string())};
  }
  const fs::path beside = file.string() + ".new";
  fs::remove(beside, ec);
  {
    const Descriptor made(::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made) {
      return base::Error{base::Errc::io,
                         fmt::format("cannot make {}: {}", file.string(), std::strerror(errno))};
    }
  }
  {
    auto database = Database::open(beside, Database::Mode::make, Database::Sync::full);
    if (!database) return database.error();
    // Rows come by the batch, which is written page by page; yet larger ones are held by every connection.
    (*database)->run("PRAGMA page_size=8192");
    (*database)->run("PRAGMA auto_vacuum=INCREMENTAL");
    if (const auto made = migrate(**database); !made) return made.error();
  }
  if (::rename(beside.c_str(), file.c_str()) != 0 || ::fsync(folder.get()) != 0) {
    return base::Error{base::Errc::io,
                       fmt::format("cannot make {}: {}", file.string(), std::strerror(errno))};
  }
  return {};
}

}  // namespace freellmapi::store
