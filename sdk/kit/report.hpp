// What the results of a check look like, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "kit/suite.hpp"

namespace freellmapi::kit {

struct Counts {
  std::size_t passed = 0, failed = 0, skipped = 0;
};
Counts count(const std::vector<Result>& results);

/// Groups with their counts, every failure with what was seen and how to see it again, advice, and as the
/// last line "N checks passed, N failed". `colours`: for a terminal.
std::string as_text(const std::string& file, const std::vector<Result>& results, bool colours);
/// One JSON object on one line: {"file", "passed", "failed", "skipped", "checks": [...]}.
std::string as_json(const std::string& file, const std::vector<Result>& results);

}  // namespace freellmapi::kit
