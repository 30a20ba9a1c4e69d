// Told what requests show of the keys they used.
#pragma once

#include "base/clock.hpp"
#include "policy/policy.hpp"

namespace freellmapi::relay {

/// Thread safety: called on any core; must not wait.
class KeyWatch {
 public:
  virtual ~KeyWatch() = default;
  /// The provider answered: whatever it said, the key is one of its own.
  virtual void worked(const policy::Provider& provider, const policy::Key& key,
                      base::WallTime now) noexcept = 0;
  /// It said of the key, in so many words, that it is wrong.
  virtual void refused(const policy::Provider& provider, const policy::Key& key,
                       base::WallTime now) noexcept = 0;
};

}  // namespace freellmapi::relay
