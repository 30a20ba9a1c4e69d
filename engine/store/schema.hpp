// What is in the database, and how an older one becomes today's.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// Of the schema that this program writes. A step is added for every change; a step that was released is
/// never changed.
inline constexpr int schema_version = 7;
/// Marks the file as ours.
inline constexpr int application_id = 0x464c4d41;

/// Brings the tables to `target`, all steps in one transaction: they are all done or none is. Called by
/// open_database; tests give a `target` to make the files of older programs.
base::Result<void> migrate(Database& database, int target = schema_version);

/// Opens the database file, which must be there, and makes it today's. Refused by name, without a change to
/// it: what is empty, damaged, of another program, or of a newer version of this one.
base::Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& file, Database::Sync sync);

/// Makes a new database (0600) that appears under its name when it is whole, unless there is one by then.
base::Result<void> make_database(const std::filesystem::path& file);

}  // namespace freellmapi::store
