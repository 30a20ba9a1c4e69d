// Everything that is read from disk and environment before the router can decide anything: plugins and
// policy.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/redact.hpp"
#include "host/plugins.hpp"
#include "policy/compile.hpp"
#include "store/vault.hpp"

namespace freellmapi::cli {

/// The flags that every verb shares.
struct Places {
  std::string policy, data, plugins, listen;
};

/// One reading of the world. Values; a reload makes a new one.
struct World {
  std::filesystem::path policy_file;
  host::PluginSet plugins;
  std::shared_ptr<const policy::Policy> policy;  ///< null when the policy has errors
  std::vector<policy::Diagnostic> diagnostics;   ///< errors and warnings
  std::vector<std::string> problems;             ///< a NAME_FILE or a key of the vault that cannot be read

  /// What must never leave: the policy's keys, those of the one before it, on which requests may still be
  /// running, and the unified key. `before` may be null.
  std::shared_ptr<const base::Redactor> redactor(std::string_view unified_key,
                                                 const policy::Policy* before) const;
};

/// The error is for what stops everything: no policy file, an unreadable one. Faults inside it are
/// diagnostics; with `advice` also what is legal but hardly meant. Without a `vault` the one in the data
/// folder is opened, when there is one; that it cannot be is a problem and no error.
base::Result<World> read_world(const Places& places, host::PluginLoader& loader, bool advice = false,
                               const store::Vault* vault = nullptr);

}  // namespace freellmapi::cli
