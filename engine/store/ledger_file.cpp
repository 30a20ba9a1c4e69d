#include "store/ledger_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.hpp"

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

/// What the handler of SIGBUS may touch. One ledger at a time is mapped for good; the newest counts.
struct Watched {
  std::atomic<const std::byte*> begin{nullptr};
  std::atomic<std::size_t> size{0};
  std::array<char, 1024> line{};
  std::size_t length = 0;
  struct sigaction before {};
};
Watched watched;

/// A store into a mapped file that somebody has cut off, or whose disk fails. Nothing can be counted any
/// more, and what is not counted must not be sent.
void on_bus_error(int, siginfo_t* info, void*) {
  const std::byte* const begin = watched.begin.load();
  const auto* const at = static_cast<const std::byte*>(info->si_addr);
  if (begin != nullptr && at >= begin && at < begin + watched.size.load()) {
    // Whether it can be written changes nothing.
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, watched.line.data(), watched.length);
    ::_exit(1);
  }
  // Not ours: it happens again, to whoever was asked before.
  ::sigaction(SIGBUS, &watched.before, nullptr);
}

void watch(const fs::path& file, const std::byte* begin, std::size_t size) {
  watched.begin.store(nullptr);
  std::string line =
      "freellmapi: the ledger " + base::printable(file.string(), 600) +
      " was cut off while it was in use, or its disk fails: nothing can be counted any more, so "
      "this ends here. Put back a good copy, or move it away\n";
  watched.length = std::min(line.size(), watched.line.size());
  std::copy_n(line.begin(), watched.length, watched.line.begin());
  watched.size.store(size);
  watched.begin.store(begin);
  struct sigaction action {};
  struct sigaction now {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  const bool set = ::sigaction(SIGBUS, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
                   now.sa_sigaction == on_bus_error;
  if (!set) ::sigaction(SIGBUS, &action, &watched.before);
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
  watch(file, static_cast<std::byte*>(bytes), longest);
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
  if (bytes_ == nullptr) return;
  const std::byte* mine = bytes_;
  watched.begin.compare_exchange_strong(mine, nullptr);
  ::munmap(bytes_, shape_.head + shape_.block * shape_.most);
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
