// Where things are on this machine, and reading them. The only room that touches the environment and the file
// system by name.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace freellmapi::cli {

/// The variable's value, or the content (without its last newline) of the file that NAME_FILE names. Empty
/// counts as not set. A NAME_FILE that cannot be read is an error in `problems`, when given.
std::optional<std::string> environment(const std::string& name, std::vector<std::string>* problems = nullptr);

/// The plain variable, "" when not set. For net::proxy_from_environment.
std::string plain_environment(const char* name);

/// A secret's file: its content without white space around it, at most 64 KiB.
base::Result<std::string> read_secret(const std::filesystem::path& file);

/// The whole file, at most `limit` bytes. The error is one sentence naming the file as the user wrote it.
base::Result<std::string> read_file(const std::filesystem::path& file, std::size_t limit);

/// Writes beside the file and renames over it; mode 0600.
base::Result<void> write_private_file(const std::filesystem::path& file, const std::string& text);

/// --policy, $FREELLMAPI_POLICY, ./policy.yaml, $XDG_CONFIG_HOME/freellmapi/policy.yaml,
/// /etc/freellmapi/policy.yaml, the shipped one. A file that was asked for by name is returned even when it
/// does not exist, so that the error can name it.
base::Result<std::filesystem::path> find_policy(const std::string& flag);

/// --data, $FREELLMAPI_HOME, $XDG_STATE_HOME/freellmapi, ~/.local/state/freellmapi. Made (0700) when missing.
base::Result<std::filesystem::path> data_directory(const std::string& flag);

/// The same folder, made by nobody.
std::filesystem::path data_path(const std::string& flag);

/// --plugins (colon-separated), then the folder the program was installed with.
std::vector<std::filesystem::path> plugin_directories(const std::string& flag);

/// Where the fixtures of an installed plugin are; it need not exist.
std::filesystem::path fixtures_directory(const std::string& plugin);

}  // namespace freellmapi::cli
