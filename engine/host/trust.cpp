#include "host/trust.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <climits>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace freellmapi::host {

namespace {

using base::Errc;
using base::Error;
using std::filesystem::path;

constexpr int links_max = 40;  // as the kernel's own

Error from_errno(int error, const path& where, const char* action) {
  const Errc code = error == ENOENT || error == ENOTDIR ? Errc::not_found
                    : error == EACCES                   ? Errc::permission
                                                        : Errc::io;
  return {code,
          fmt::format("{} cannot be {}: {}", where.string(), action, std::generic_category().message(error))};
}

bool may_own(uid_t user) noexcept { return user == 0 || user == ::geteuid(); }
bool others_may_write(const struct stat& status) noexcept {
  return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

Error foreign_owner(const path& where, const struct stat& status) {
  return {
      Errc::permission,
      fmt::format(
          "{} belongs to user {}, but what is loaded must belong to root or to user {} who runs the engine; "
          "use chown, or install it elsewhere",
          where.string(), status.st_uid, ::geteuid())};
}

Error open_to_others(const path& where, const struct stat& status) {
  return {Errc::permission,
          fmt::format(
              "{} can be written by its group or by others (mode {:04o}), who could put their code there; "
              "use chmod go-w",
              where.string(), status.st_mode & 07777u)};
}

// Walks a path as the kernel would, one name at a time, and judges all it passes. Each name is looked up in
// the folder that was judged before it, so nobody can exchange a folder in between.
class Walk {
 public:
  base::Result<Opened> to(const path& goal) {
    if (auto error = enter_root()) return *error;
    push(goal);
    while (!todo_.empty()) {
      const std::string name = std::move(todo_.back());
      todo_.pop_back();
      if (name.empty() || name == "." || name == "/") continue;
      if (auto error = step(name)) return *error;
    }
    return std::move(here_);
  }

  const path& shown() const noexcept { return shown_; }
  /// The folder that holds what was reached; the thing itself when that is a folder.
  const struct stat& folder() const noexcept { return folder_; }
  const path& folder_shown() const noexcept { return folder_shown_; }

 private:
  using Fault = std::optional<Error>;

  void push(const path& names) {
    std::vector<std::string> parts;
    for (const path& part : names) parts.push_back(part.string());
    todo_.insert(todo_.end(), std::make_move_iterator(parts.rbegin()), std::make_move_iterator(parts.rend()));
  }

  Fault enter_root() {
    here_.descriptor = Descriptor{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    shown_ = "/";
    if (!here_.descriptor.valid()) return from_errno(errno, shown_, "opened");
    return judge_folder();
  }

  Fault judge_folder() {
    if (::fstat(here_.descriptor.get(), &here_.status) != 0) return from_errno(errno, shown_, "examined");
    const struct stat& status = here_.status;
    if (!may_own(status.st_uid)) return foreign_owner(shown_, status);
    const bool like_tmp = status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0;
    if (others_may_write(status) && !like_tmp) return open_to_others(shown_, status);
    folder_ = status;
    folder_shown_ = shown_;
    return {};
  }

  Fault step(const std::string& name) {
    const path next_shown = name == ".." ? shown_.parent_path() : shown_ / name;
    Opened next;
    next.descriptor =
        Descriptor{::openat(here_.descriptor.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    if (!next.descriptor.valid()) return from_errno(errno, next_shown, "opened");
    if (::fstat(next.descriptor.get(), &next.status) != 0) return from_errno(errno, next_shown, "examined");
    if (S_ISLNK(next.status.st_mode)) return follow(next, next_shown);
    here_ = std::move(next);
    shown_ = next_shown;
    if (S_ISDIR(here_.status.st_mode)) return judge_folder();
    if (!todo_.empty()) return from_errno(ENOTDIR, shown_, "entered");
    return {};
  }

  Fault follow(const Opened& link, const path& link_shown) {
    if (++links_ > links_max) return from_errno(ELOOP, link_shown, "followed");
    if (!may_own(link.status.st_uid)) return foreign_owner(link_shown, link.status);
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(link.descriptor.get(), "", target.data(), target.size());
    if (length <= 0 || static_cast<std::size_t>(length) == target.size()) {
      return from_errno(length < 0 ? errno : ENAMETOOLONG, link_shown, "followed");
    }
    const path goal{std::string{target.data(), static_cast<std::size_t>(length)}};
    push(goal);
    return goal.is_absolute() ? enter_root() : Fault{};
  }

  Opened here_;
  path shown_, folder_shown_;
  struct stat folder_ {};
  std::vector<std::string> todo_;  // names to come, the next one last
  int links_ = 0;
};

// A readable descriptor of the very thing an O_PATH descriptor stands for.
base::Result<Opened> reopen(const Opened& judged, const path& shown, int flags) {
  Opened result;
  const std::string self = fmt::format("/proc/self/fd/{}", judged.descriptor.get());
  result.descriptor = Descriptor{::open(self.c_str(), flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!result.descriptor.valid()) return from_errno(errno, shown, "opened");
  if (::fstat(result.descriptor.get(), &result.status) != 0) return from_errno(errno, shown, "examined");
  return result;
}

base::Result<path> absolute_of(const path& given) {
  std::error_code error;
  path result = std::filesystem::absolute(given, error);
  if (error) return Error{Errc::io, fmt::format("{} cannot be found: {}", given.string(), error.message())};
  return result;
}

}  // namespace

base::Result<Opened> open_trusted_file(const path& given) {
  const base::Result<path> goal = absolute_of(given);
  if (!goal) return goal.error();
  Walk walk;
  const base::Result<Opened> reached = walk.to(*goal);
  if (!reached) return reached.error();
  const struct stat& status = reached->status;
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::permission, fmt::format("{} is not a regular file", walk.shown().string())};
  }
  if (others_may_write(walk.folder())) return open_to_others(walk.folder_shown(), walk.folder());
  if (!may_own(status.st_uid)) return foreign_owner(walk.shown(), status);
  if (others_may_write(status)) return open_to_others(walk.shown(), status);
  return reopen(*reached, walk.shown(), 0);
}

base::Result<Opened> open_trusted_folder(const path& given) {
  const base::Result<path> goal = absolute_of(given);
  if (!goal) return goal.error();
  Walk walk;
  const base::Result<Opened> reached = walk.to(*goal);
  if (!reached) return reached.error();
  if (!S_ISDIR(reached->status.st_mode)) {
    return Error{Errc::permission, fmt::format("{} is not a folder", walk.shown().string())};
  }
  if (others_may_write(reached->status)) return open_to_others(walk.shown(), reached->status);
  return reopen(*reached, walk.shown(), O_DIRECTORY);
}

}  // namespace freellmapi::host
