// `simulate` and `forecast`.
#pragma once

#include <filesystem>
#include <string>

#include "cli/world.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::cli {

struct SimulateOptions {
  Places places;
  std::string trace, load;  ///< one of them
  std::string diff;         ///< another policy, the old one
  std::string export_to;    ///< write the request log as a trace instead
  unsigned days = 30;       ///< of the export
  bool assume_keys = false;
  bool as_json = false;
};

/// Both return the exit code.
int simulate(const SimulateOptions& options);
int forecast(const Places& places, bool as_json);

/// The forecast as JSON, from the log in `database` and copies of the ledger. Takes a second or two. Any
/// thread; the ledger may be in use.
base::Result<std::string> forecast_of(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now,
                                      const std::filesystem::path& database);

}  // namespace freellmapi::cli
