// The router as a process: wiring, reload, drain.
#pragma once

#include <string>

#include "base/log.hpp"
#include "cli/world.hpp"

namespace freellmapi::cli {

struct ServeOptions {
  Places places;
  base::LogFormat format = base::LogFormat::text;
  base::Level level = base::Level::info;
};

/// Runs until drained. Returns the exit code: 0 after a drain, 2 for what the user must mend first.
int serve(const ServeOptions& options);

}  // namespace freellmapi::cli
