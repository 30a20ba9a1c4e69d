// Tests keys that nobody has used for long, one at a time and without spending quota.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/server.hpp"
#include "policy/policy.hpp"
#include "relay/snapshot.hpp"
#include "store/key_health.hpp"

namespace freellmapi::cli {

/// A key of which nothing was heard for so long is tested.
inline constexpr std::chrono::hours silent_for{6};

/// The key of the policy that has been silent for longest, when it is due; keys of providers that are off, or
/// that have no free test, never are. A key is due up to an hour later than `silent_for`, each at its own
/// time.
std::optional<policy::KeyIndex> due_key(const policy::Policy& policy, const store::KeyHealth& health,
                                        base::WallTime now,
                                        const std::function<bool(policy::ProviderIndex)>& has_free_test);

class Prober final : public net::Background {
 public:
  Prober(const relay::Current& current, store::KeyHealth& health, const base::Log& log)
      : current_(current), health_(health), log_(log) {}
  /// Looks every two to four minutes; at most one test is under way.
  net::Task<void> run(net::Core& core) override;

 private:
  net::Task<void> test_one(net::Core& core);

  const relay::Current& current_;
  store::KeyHealth& health_;
  const base::Log& log_;
};

/// Writes down what a test showed.
void note_probe(store::KeyHealth& health, const policy::Provider& provider, const policy::Key& key, bool good,
                bool refused, base::WallTime now);

}  // namespace freellmapi::cli
