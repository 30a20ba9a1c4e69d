// Takes secrets out of any text that leaves the process.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::base {

/// Knows the secrets the process holds (and their URL- and base64-encoded forms) and the shapes of keys it
/// does not hold. Immutable after construction, so any thread may use it.
class Redactor {
 public:
  Redactor() = default;
  /// Secrets shorter than eight characters are ignored: replacing them would destroy ordinary text.
  explicit Redactor(std::vector<std::string> secrets);

  /// The text with every known secret, and everything shaped like a key, replaced by "[redacted]".
  std::string redact(std::string_view text) const;

 private:
  std::vector<std::string> needles_;  // longest first, so that a key that contains another goes whole
};

}  // namespace freellmapi::base
