// Collects what is wrong with one file, bounded, so that a person sees every fault at once.
#pragma once

#include <string>
#include <vector>

#include "policy/compile.hpp"

namespace freellmapi::policy {

/// Where something stands in its file. Line and column (in bytes) count from 1; 0: the whole file is meant.
struct Place {
  unsigned line = 0, column = 0;
};

inline constexpr std::size_t max_diagnostics = 100;

/// The faults of one file. At most `max_diagnostics` errors and as many warnings are kept; any_errors() stays
/// exact.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}

  void error(Place place, std::string message);
  void warning(Place place, std::string message);
  bool any_errors() const noexcept { return any_errors_; }
  const std::string& file() const noexcept { return file_; }
  /// In file order; errors are kept before warnings when there are too many.
  std::vector<Diagnostic> sorted() const;

 private:
  void add(std::vector<Diagnostic>& list, Place place, std::string message, bool warning) const;
  std::string file_;
  std::vector<Diagnostic> errors_, warnings_;
  bool any_errors_ = false;
};

/// Sorts by place and cuts to `max_diagnostics`, errors first served.
std::vector<Diagnostic> in_file_order(std::vector<Diagnostic> errors,
                                      const std::vector<Diagnostic>& warnings);

/// " (did you mean 'x'?)", or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace freellmapi::policy
