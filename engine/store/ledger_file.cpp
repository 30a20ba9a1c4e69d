#include "store/ledger_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace freellmapi::store {

namespace fs = std::filesystem;

namespace {

base::Error trouble(const char* what, int error) {
  return {base::Errc::io, std::string(what) + ": " + std::strerror(error)};
}

/// The name itself has to reach the disk as well.
void flush_folder(const fs::path& file) {
  const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
}

/// Made under another name: a crash leaves no half of a ledger.
base::Result<void> make(const fs::path& file, LedgerShape shape) {
  fs::path beside = file;
  beside += ".new";
  ::unlink(beside.c_str());
  const Descriptor fd(::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return trouble("it cannot be made", errno);
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(shape.head)); error != 0) {
    ::unlink(beside.c_str());
    return trouble("there is no space for it", error);
  }
  ::fsync(fd.get());
  if (::rename(beside.c_str(), file.c_str()) != 0) return trouble("it cannot be made", errno);
  flush_folder(file);
  return {};
}

}  // namespace

base::Result<LedgerFile> LedgerFile::open(const fs::path& file, LedgerShape shape) {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  int fd = ::open(file.c_str(), flags);
  if (fd < 0 && errno == ENOENT) {
    if (auto made = make(file, shape); !made) return made.error();
    fd = ::open(file.c_str(), flags);
  }
  if (fd < 0) {
    const bool forbidden = errno == EACCES || errno == EPERM || errno == ELOOP || errno == EISDIR;
    base::Error error = trouble("it cannot be opened", errno);
    if (forbidden) error.code = base::Errc::permission;
    return error;
  }
  Descriptor held(fd);
  struct stat found {};
  if (::fstat(fd, &found) != 0) return trouble("it cannot be opened", errno);
  if (!S_ISREG(found.st_mode)) return base::Error{base::Errc::permission, "it is not a file"};
  // Who can write to a mapped file can end this process, or forget what was spent.
  if (found.st_uid != ::geteuid()) return base::Error{base::Errc::permission, "it is another account's"};
  if ((found.st_mode & 077) != 0 && ::fchmod(fd, 0600) != 0)
    return trouble("it cannot be closed to others", errno);
  // The lock of the directory is a file of its own, and people delete lock files.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return trouble("it cannot be locked", errno);
    return base::Error{base::Errc::already_exists, "another process uses it"};
  }
  const auto size = static_cast<std::size_t>(found.st_size);
  const std::size_t blocks = size < shape.head ? 0 : (size - shape.head) / shape.block;
  if (size < shape.head) return base::Error{base::Errc::protocol, "it is too short"};
  if (blocks > shape.most) return base::Error{base::Errc::protocol, "it is too long"};
  // Behind the last whole block lies at most what a growth left that was cut off; it is grown over.
  const std::size_t longest = shape.head + shape.block * shape.most;
  void* const bytes = ::mmap(nullptr, longest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return trouble("it cannot be mapped", errno);
  return LedgerFile(std::move(held), shape, static_cast<std::byte*>(bytes), blocks);
}

LedgerFile::LedgerFile(Descriptor fd, LedgerShape shape, std::byte* bytes, std::size_t blocks)
    : fd_(std::move(fd)), shape_(shape), bytes_(bytes), blocks_(blocks) {}

LedgerFile::LedgerFile(LedgerFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      shape_(other.shape_),
      bytes_(std::exchange(other.bytes_, nullptr)),
      blocks_(other.blocks_) {}

LedgerFile::~LedgerFile() {
  if (bytes_ != nullptr) ::munmap(bytes_, shape_.head + shape_.block * shape_.most);
}

base::Result<void> LedgerFile::add_block() {
  if (blocks_ >= shape_.most) return base::Error{base::Errc::limit, "it is as long as it may get"};
  const auto from = static_cast<off_t>(shape_.head + blocks_ * shape_.block);
  if (const int error = ::posix_fallocate(fd_.get(), from, static_cast<off_t>(shape_.block)); error != 0) {
    return trouble("it cannot grow", error);
  }
  ++blocks_;
  return {};
}

base::Result<void> LedgerFile::flush() noexcept {
  // Only pages that were stored to are written.
  if (::msync(bytes_, shape_.head + blocks_ * shape_.block, MS_SYNC) != 0) {
    return trouble("it cannot be written", errno);
  }
  return {};
}

}  // namespace freellmapi::store
