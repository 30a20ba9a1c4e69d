// Files of NAME=value lines.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace freellmapi::cli {

/// What a comment of `keys export` says of the line behind it.
struct EnvValue {
  std::string value;
  std::string label;
  bool enabled = true;
};

/// Reads what shells and dotenv tools read alike: `NAME=value`, `export` before it, single or double quotes
/// around the value, `#` comments; of a name that stands twice the last counts, other lines are passed over.
/// At most 1,024 names.
std::map<std::string, EnvValue> read_env_file(std::string_view text);

}  // namespace freellmapi::cli
