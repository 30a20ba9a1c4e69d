#include "store/master_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "store/descriptor.hpp"

namespace freellmapi::store {

namespace {

namespace fs = std::filesystem;

base::Error trouble(const char* what, const fs::path& file) {
  const int error = errno;
  return {error == ENOENT ? base::Errc::not_found : base::Errc::io,
          fmt::format("cannot {} the key file {}: {}", what, file.string(), std::strerror(error))};
}

base::Result<MasterKey> read_key(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return trouble("read", file);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return trouble("read", file);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    return base::Error{
        base::Errc::permission,
        fmt::format("{} must be a file of this user that nobody else may read: chmod 600 it", file.string())};
  }
  std::array<char, 256> text{};
  const ssize_t n = ::read(fd.get(), text.data(), text.size());
  if (n < 0) return trouble("read", file);
  auto key = MasterKey::from_hex({text.data(), static_cast<std::size_t>(n)});
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) return base::Error{base::Errc::invalid_argument, key.error().message, file.string()};
  return key;
}

}  // namespace

base::Result<MasterKey> file_key(const fs::path& file, bool make) {
  auto found = read_key(file);
  if (found || !make || found.error().code != base::Errc::not_found) return found;
  // Under the folder's lock: of two first starts one makes the key and the other reads it.
  const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::flock(folder.get(), LOCK_EX) != 0) return trouble("make", file);
  auto meanwhile = read_key(file);
  if (meanwhile || meanwhile.error().code != base::Errc::not_found) return meanwhile;

  auto key = MasterKey::random();
  if (!key) return key;
  const fs::path beside = file.string() + ".new";
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) return trouble("make", file);
  const Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return trouble("make", file);
  const base::Secret hex = key->hex();
  const std::string_view text = hex.reveal();
  const bool written = ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::write(fd.get(), "\n", 1) == 1 && ::fsync(fd.get()) == 0 &&
                       ::rename(beside.c_str(), file.c_str()) == 0 && ::fsync(folder.get()) == 0;
  if (!written) return trouble("make", file);
  return key;
}

}  // namespace freellmapi::store
