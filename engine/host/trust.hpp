// Opens files that nobody but root and ourselves can have put there.
#pragma once

#include <sys/stat.h>

#include <filesystem>

#include "base/result.hpp"
#include "host/descriptor.hpp"

namespace freellmapi::host {

/// A judged file or folder: what is said about `status` holds for what `descriptor` reads, whatever happens
/// to the path.
struct Opened {
  Descriptor descriptor;
  struct stat status {};
};

/// Opens a regular file for reading. Every folder on the way from '/', every symbolic link that is followed
/// (at most 40) and the file must belong to root or to the effective user; folders and file must not be
/// writable by group or others. One exception: a folder above the file's own that is root's and sticky, as
/// /tmp is, because there nobody can replace what belongs to another. Errors: Errc::not_found,
/// Errc::permission, Errc::io; each text is one sentence with the path that is at fault.
base::Result<Opened> open_trusted_file(const std::filesystem::path& path);

/// The same for a folder whose entries are to be read.
base::Result<Opened> open_trusted_folder(const std::filesystem::path& path);

}  // namespace freellmapi::host
