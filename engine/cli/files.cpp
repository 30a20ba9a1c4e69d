#include "cli/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t secret_file_most = 64 * 1024;

fs::path own_folder() {
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec);
  return ec ? fs::path{} : self.parent_path();
}

fs::path home() {
  const std::string set = plain_environment("HOME");
  return set.empty() ? fs::path{"/"} : fs::path{set};
}

base::Error unreadable(const fs::path& file, int error) {
  return {base::Errc::io, fmt::format("cannot read {}: {}", file.string(), std::strerror(error))};
}

/// Closes a descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string plain_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<std::string> environment(const std::string& name, std::vector<std::string>* problems) {
  if (std::string value = plain_environment(name.c_str()); !value.empty()) return value;
  const std::string file = plain_environment((name + "_FILE").c_str());
  if (file.empty()) return std::nullopt;
  auto secret = read_secret(file);
  if (!secret) {
    if (problems) problems->push_back(fmt::format("{}_FILE: {}", name, secret.error().message));
    return std::nullopt;
  }
  if (secret->empty()) return std::nullopt;
  return std::move(*secret);
}

base::Result<std::string> read_secret(const fs::path& file) {
  auto content = read_file(file, secret_file_most);
  if (!content) return content.error();
  return std::string{base::trim(*content)};
}

base::Result<std::string> read_file(const fs::path& file, std::size_t limit) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return unreadable(file, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return unreadable(file, errno);
  if (S_ISDIR(status.st_mode)) return unreadable(file, EISDIR);
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(file, errno);
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > limit) {
      return base::Error{base::Errc::limit, fmt::format("{} is larger than {} bytes", file.string(), limit)};
    }
  }
}

base::Result<void> write_private_file(const fs::path& file, const std::string& text) {
  const fs::path beside = file.string() + ".new";
  const auto problem = [&file] {
    return base::Error{base::Errc::io,
                       fmt::format("cannot write {}: {}", file.string(), std::strerror(errno))};
  };
  {
    // Made anew: a file or link that somebody else has put there must not receive a key.
    if (::unlink(beside.c_str()) != 0 && errno != ENOENT) return problem();
    const Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd.get() < 0) return problem();
    std::size_t written = 0;
    while (written < text.size()) {
      const ssize_t n = ::write(fd.get(), text.data() + written, text.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return problem();
      written += static_cast<std::size_t>(n);
    }
    if (::fsync(fd.get()) != 0) return problem();
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) return problem();
  return {};
}

base::Result<fs::path> find_policy(const std::string& flag) {
  if (!flag.empty()) return fs::path{flag};
  if (const std::string set = plain_environment("FREELLMAPI_POLICY"); !set.empty()) return fs::path{set};
  const std::string config = plain_environment("XDG_CONFIG_HOME");
  const fs::path config_home = config.empty() ? home() / ".config" : fs::path{config};
  const fs::path candidates[] = {"policy.yaml", config_home / "freellmapi/policy.yaml",
                                 "/etc/freellmapi/policy.yaml",
                                 own_folder() / "../share/freellmapi/policy.yaml"};
  for (const fs::path& candidate : candidates) {
    std::error_code ec;
    if (fs::is_regular_file(candidate, ec)) return candidate.lexically_normal();
  }
  return base::Error{base::Errc::not_found,
                     "no policy.yaml found (looked at ./policy.yaml, the configuration folder, "
                     "/etc/freellmapi); name one with --policy"};
}

fs::path data_path(const std::string& flag) {
  fs::path folder = flag;
  if (folder.empty()) folder = plain_environment("FREELLMAPI_HOME");
  if (folder.empty()) {
    const std::string state = plain_environment("XDG_STATE_HOME");
    folder = (state.empty() ? home() / ".local/state" : fs::path{state}) / "freellmapi";
  }
  return folder;
}

base::Result<fs::path> data_directory(const std::string& flag) {
  fs::path folder = data_path(flag);
  std::error_code ec;
  const bool made = fs::create_directories(folder, ec);
  if (ec)
    return base::Error{base::Errc::io,
                       fmt::format("cannot make the data folder {}: {}", folder.string(), ec.message())};
  if (made) fs::permissions(folder, fs::perms::owner_all, ec);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0)
    return base::Error{base::Errc::io, fmt::format("cannot use the data folder {}: {}", folder.string(),
                                                   std::strerror(errno))};
  // Whoever can write to it can put a unified key of his own there, or send this program's to himself.
  const uid_t user = ::geteuid();
  const bool foreign = status.st_uid != user && status.st_uid != 0 && user != 0;
  if (foreign || (status.st_mode & S_IWOTH) != 0) {
    return base::Error{base::Errc::permission,
                       fmt::format("the data folder {} {}; make it yours alone (chmod 700), or name another "
                                   "with --data",
                                   folder.string(),
                                   foreign ? "belongs to another account" : "can be written to by everyone")};
  }
  return folder;
}

std::vector<fs::path> plugin_directories(const std::string& flag) {
  std::vector<fs::path> folders;
  for (std::size_t begin = 0; begin < flag.size();) {
    const std::size_t end = std::min(flag.find(':', begin), flag.size());
    if (end > begin) folders.emplace_back(flag.substr(begin, end - begin));
    begin = end + 1;
  }
  folders.push_back((own_folder() / "../lib/freellmapi/plugins").lexically_normal());
  return folders;
}

fs::path fixtures_directory(const std::string& plugin) {
  return (own_folder() / "../share/freellmapi/fixtures" / plugin).lexically_normal();
}

}  // namespace freellmapi::cli
