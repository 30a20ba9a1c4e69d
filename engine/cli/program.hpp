// The command line: verbs, flags, help.
#pragma once

namespace freellmapi::cli {

/// Parses and runs; returns the process's exit code. Catches everything.
int run(int argc, char** argv);

}  // namespace freellmapi::cli
