// `explain` and `quota`.
#pragma once

#include <string>

#include "cli/world.hpp"
#include "surfaces/ops/explanation.hpp"

namespace freellmapi::cli {

struct ExplainOptions {
  Places places;
  std::string request_id;  ///< empty: the question below
  surfaces::Question question;
  std::string json_mode, at;  ///< as written
  bool as_json = false;
};

/// Each asks the router that runs on the data directory, else looks at what that directory holds. Returns the
/// exit code.
int explain(ExplainOptions options);
int quota_show(const Places& places, bool as_json);

}  // namespace freellmapi::cli
