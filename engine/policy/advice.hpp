// What is legal in a policy but hardly meant.
#pragma once

#include "policy/file.hpp"

namespace freellmapi::policy {

/// Warns, at its place in the file, of a chain that can never serve tools, images or a long prompt, whatever
/// keys there are, and of a limit above the one that the plugin's manifest knows.
void advise(const Policy& policy, const FileSettings& file, Source& source);

}  // namespace freellmapi::policy
