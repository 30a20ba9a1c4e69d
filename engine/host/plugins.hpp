// Finds, judges and loads plugin files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "host/provider.hpp"

namespace freellmapi::host {

/// A mapped plugin. Never unmapped: code may still be on some stack, and thread-local destructors may be
/// pending.
class Plugin {
 public:
  const std::string& version() const noexcept { return version_; }
  /// File name without its directory, for people.
  const std::string& file() const noexcept { return file_; }
  std::uint16_t abi_major() const noexcept { return abi_major_; }
  std::uint16_t abi_minor() const noexcept { return abi_minor_; }

 private:
  friend class PluginLoader;
  std::shared_ptr<const void> host_;  // what the plugin was given at init; it may use it in every call
  std::string version_, file_;
  std::uint16_t abi_major_ = 0, abi_minor_ = 0;
};

/// A file that was not loaded, and the sentence that says why.
struct Refusal {
  std::string file;  ///< name without its directory; the directory itself when that is refused
  std::string reason;
};

/// What a scan of the plugin directories gave. Immutable; requests hold it through a policy snapshot.
struct PluginSet {
  std::map<std::string, std::shared_ptr<const Provider>, std::less<>>
      providers;  ///< by id; the first directory wins
  std::vector<Refusal> refused;
};

/// Loads plugins with RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE. A file is judged before any of its code runs:
/// owner and permissions of the file and of every folder above it (trust.hpp), ELF header, ABI symbol, sizes,
/// versions. What is mapped is a sealed copy of the judged bytes, so a file that is overwritten in place
/// harms no running request. A process maps at most 512 plugins, old ones included; then it has to be
/// restarted. Thread safety: one thread at a time.
class PluginLoader {
 public:
  /// `log` receives what plugins say, with the file name, bounded in length and rate. It must outlive every
  /// provider.
  explicit PluginLoader(const base::Log& log);
  ~PluginLoader();

  /// Scans `directories` in order for names that end in ".so" and do not begin with '.', in alphabetical
  /// order (missing folders are passed over; at most 256 files). A file that has been loaded and has not
  /// changed (device, inode, size, mtime) is used again; a changed one is loaded beside the old code. An id
  /// that an earlier folder has given is passed over with a log line; one that an earlier file of the same
  /// folder has given is a refusal.
  PluginSet scan(const std::vector<std::filesystem::path>& directories);

  /// Loads one file, for `plugins check`.
  base::Result<std::vector<std::shared_ptr<const Provider>>> load(const std::filesystem::path& file);

 private:
  struct State;
  base::Result<std::vector<std::shared_ptr<const Provider>>> introduce(const freellm_plugin& described,
                                                                       const std::string& name);
  std::unique_ptr<State> state_;
};

}  // namespace freellmapi::host
