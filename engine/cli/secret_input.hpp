// A secret from the person or the program in front of us.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace freellmapi::cli {

/// At a terminal: asks with `prompt`, and what is typed is not shown. Else: all of standard input, without
/// white space around it. At most 8 KiB and one line.
base::Result<base::Secret> read_secret_input(const std::string& prompt);

}  // namespace freellmapi::cli
