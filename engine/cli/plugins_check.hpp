// The verb `plugins check`: the conformance kit on one plugin, after the host's own judgement.
#pragma once

#include <string>

namespace freellmapi::cli {

struct PluginsCheckOptions {
  std::string file;
  std::string fixtures;  ///< "": beside the file, then the installed ones of that name
  std::string group, only;
  bool as_json = false;
};

/// 0: every check passed; 1: one failed; 2: no such file, group or check. Runs in a program with one thread.
int plugins_check(const PluginsCheckOptions& options);

}  // namespace freellmapi::cli
