#include "store/instance_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace freellmapi::store {

namespace {

/// Of the open file, so that a second one of this process is another's; and one that can be looked at without
/// being taken.
constexpr struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::filesystem::path lock_file(const std::filesystem::path& directory) { return directory / "lock"; }

/// What the holder wrote; anything but a number is not repeated.
std::string holder_of(int fd) {
  std::array<char, 16> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
  std::string_view pid(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  pid = pid.substr(0, pid.find('\n'));
  const bool number = !pid.empty() && std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; });
  return number ? "process " + std::string(pid) : "another process";
}

}  // namespace

base::Result<InstanceLock> InstanceLock::take(const std::filesystem::path& directory) {
  const std::filesystem::path file = lock_file(directory);
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return base::Error{base::Errc::io, file.string() + ": " + std::strerror(errno)};
  Descriptor held(fd);
  struct flock lock = whole_file();
  if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES)
      return base::Error{base::Errc::io, file.string() + ": " + std::strerror(errno)};
    return base::Error{base::Errc::already_exists,
                       holder_of(fd) + " already serves from " + directory.string() +
                           ": stop it, or give this one another directory with --data"};
  }
  const std::string pid = std::to_string(::getpid()) + '\n';
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return base::Error{base::Errc::io, file.string() + ": " + std::strerror(errno)};
  }
  return InstanceLock(std::move(held));
}

bool InstanceLock::is_held(const std::filesystem::path& directory) {
  const Descriptor fd(::open(lock_file(directory).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct flock lock = whole_file();
  return fd && ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace freellmapi::store
