#include "policy/faults.hpp"

#include <algorithm>
#include <tuple>

#include "base/text.hpp"

namespace freellmapi::policy {

std::string Diagnostic::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  out += warning ? ": warning: " : ": ";
  return out + message;
}

void Faults::add(std::vector<Diagnostic>& list, Place place, std::string message, bool warning) const {
  if (list.size() < max_diagnostics) {
    list.push_back({file_, place.line, place.column, std::move(message), warning});
  }
}

void Faults::error(Place place, std::string message) {
  any_errors_ = true;
  add(errors_, place, std::move(message), false);
}

void Faults::warning(Place place, std::string message) { add(warnings_, place, std::move(message), true); }

std::vector<Diagnostic> Faults::sorted() const { return in_file_order(errors_, warnings_); }

std::vector<Diagnostic> in_file_order(std::vector<Diagnostic> errors,
                                      const std::vector<Diagnostic>& warnings) {
  if (errors.size() > max_diagnostics) errors.resize(max_diagnostics);
  const std::size_t room = max_diagnostics - errors.size();
  errors.insert(errors.end(), warnings.begin(),
                warnings.begin() + static_cast<std::ptrdiff_t>(std::min(room, warnings.size())));
  std::stable_sort(errors.begin(), errors.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return errors;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto near = base::nearest(word, candidates);
  return near.empty() ? std::string{} : " (did you mean '" + near.front() + "'?)";
}

}  // namespace freellmapi::policy
