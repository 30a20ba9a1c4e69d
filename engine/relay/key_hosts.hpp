// Which of a provider's base URLs takes which key.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "policy/policy.hpp"

namespace freellmapi::relay {

/// Learnt from answers, in memory only. One entry for each key of a policy. Thread safety: any thread; an
/// atomic for each key, no lock.
class KeyHosts {
 public:
  /// `before` is what was learnt under the policy before this one, or null: a key stays where it was taken as
  /// long as its provider's URLs and the host that it is to begin with stay the same.
  KeyHosts(const policy::Policy& policy, const KeyHosts* before);

  /// 0: the base URL; n: the provider's hosts[n - 1].
  std::uint32_t of(policy::KeyIndex key) const noexcept {
    return hosts_[key].load(std::memory_order_relaxed);
  }
  void taken(policy::KeyIndex key, std::uint32_t host) noexcept {
    if (of(key) != host) hosts_[key].store(host, std::memory_order_relaxed);
  }

 private:
  std::vector<std::uint64_t> names_;  ///< what must be equal for an entry to be carried over
  std::vector<std::atomic<std::uint32_t>> hosts_;
};

}  // namespace freellmapi::relay
