// Reads policy, keys and plugins anew while the router serves.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "cli/remembered.hpp"
#include "cli/world.hpp"
#include "quota/ledger.hpp"
#include "relay/relay.hpp"
#include "store/vault.hpp"
#include "surfaces/ops/ops.hpp"

namespace freellmapi::cli {

/// What changes when a file is edited or replaced.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec modified{};

  static FileMark of(const std::filesystem::path& file);
  bool operator==(const FileMark& other) const;
};

/// Reads the world again and swaps the snapshot, or leaves everything as it is. Main thread only; what it is
/// given by reference outlives it.
class Reloader {
 public:
  Reloader(Places places, std::filesystem::path data, base::Secret unified_key, store::Vault& vault,
           Remembered& remembered, host::PluginLoader& loader, quota::Ledger& ledger, relay::Current& current,
           relay::Meter& meter, surfaces::Status& status, base::Log& log, const base::Clock& clock);

  /// The first reading; the error has every fault, a line each.
  base::Result<World> start();
  void reload();
  /// To be called every second or so: takes a changed vault at once, a changed file when it has rested.
  void reload_if_changed();

  /// Told of every new unified key.
  void on_unified_key(std::function<void(const base::Secret&)> told) { told_of_key_ = std::move(told); }
  /// Told of every policy that comes into force, and of the one that is.
  void on_policy(std::function<void(std::shared_ptr<const policy::Policy>)> told);

  void report(const World& world) const;

 private:
  void take_unified_key();
  base::Result<void> take(const World& world);
  /// /health needs no key: it gets the file's name without its folder, and no secret.
  std::string told_to_anyone(std::string text) const;

  Places places_;
  const std::filesystem::path data_;
  base::Secret unified_key_;
  store::Vault& vault_;
  Remembered& remembered_;
  std::optional<std::int64_t> generation_;
  std::function<void(const base::Secret&)> told_of_key_;
  std::function<void(std::shared_ptr<const policy::Policy>)> told_of_policy_;
  host::PluginLoader& loader_;
  quota::Ledger& ledger_;
  relay::Current& current_;
  relay::Meter& meter_;
  surfaces::Status& status_;
  base::Log& log_;
  const base::Clock& clock_;
  std::shared_ptr<const policy::Policy> in_force_;
  FileMark mark_;
  std::optional<FileMark> seen_;  ///< a change that has not rested yet
};

}  // namespace freellmapi::cli
