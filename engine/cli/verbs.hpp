// The verbs that print something and end.
#pragma once

#include <string>

#include "cli/world.hpp"

namespace freellmapi::cli {

/// Each returns the exit code: 0 good, 1 the thing failed, 2 wrong usage or a bad file.
int policy_check(const Places& places, bool as_json);
int policy_show(const Places& places);
int policy_schema();
int plugins_list(const Places& places, bool as_json);
int models_list(const Places& places, bool as_json);
int unified_key_show(const Places& places, bool as_json);
int unified_key_rotate(const Places& places, bool as_json);
int client_config_write(const Places& places, const std::string& out);
int client_config_check(const Places& places, const std::string& file);

}  // namespace freellmapi::cli
