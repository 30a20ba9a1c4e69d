// The verbs `keys …`: the vault from the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/world.hpp"

namespace freellmapi::cli {

struct KeysOptions {
  Places places;
  std::string provider, label, file;
  std::vector<std::string> rest;  ///< what stands behind: never a key's place
  bool as_json = false;
  bool anyway = false;        ///< add: also a key that does not look like one of the provider's
  bool spend = false;         ///< test: where no free test tells, by the shortest chat
  bool show_secrets = false;  ///< export: agreed to
};

/// Each returns the exit code: 0 good, 1 the thing failed, 2 wrong usage or a bad file.
int keys_add(const KeysOptions& options);
int keys_list(const KeysOptions& options);
int keys_test(const KeysOptions& options);
int keys_remove(const KeysOptions& options);
/// `enabled` false: the key stays and is not used.
int keys_enable(const KeysOptions& options, bool enabled);
int keys_import(const KeysOptions& options);
int keys_export(const KeysOptions& options);

}  // namespace freellmapi::cli
