// What a request holds on to from its first decision to its settlement: one policy, bound and resolved.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lock.hpp"
#include "base/result.hpp"
#include "host/provider.hpp"
#include "net/answer_fields.hpp"
#include "net/upstream.hpp"
#include "policy/policy.hpp"
#include "quota/ledger.hpp"
#include "relay/key_hosts.hpp"
#include "relay/meter.hpp"
#include "routing/names.hpp"
#include "routing/statistics.hpp"

namespace freellmapi::relay {

/// How to reach one provider of the policy. `plugin` is null when its plugin is not loaded.
struct Upstream {
  struct Host {
    net::Origin origin;
    std::string base_path;
  };
  std::shared_ptr<const host::Provider> plugin;
  std::vector<Host> hosts;    ///< the base URL, then the provider's further hosts
  std::optional<Host> probe;  ///< where keys of the base URL are tested, when not there
  net::Deadlines deadlines;
};

using Plugins = std::map<std::string, std::shared_ptr<const host::Provider>, std::less<>>;

/// Resolves one provider's base URLs, proxy and plugin. The error names the provider.
base::Result<Upstream> make_upstream(const policy::Provider& provider, const Plugins& plugins,
                                     std::string (*environment)(const char* name));

/// What an answer of this model under this policy says of its route; `attempts` failed before.
net::AnswerFields answered_by(const policy::Policy& policy, std::string_view provider, std::string_view model,
                              std::size_t attempts);

/// Immutable, but for what is learnt of keys and models.
struct Snapshot {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const quota::Plan> plan;
  std::vector<Upstream> upstreams;  ///< by policy::ProviderIndex
  std::shared_ptr<const routing::Names> names;
  std::shared_ptr<KeyHosts> key_hosts;
  std::shared_ptr<routing::Statistics> statistics;
  CountedAs counted_as;
  // By policy::ModelIndex.
  std::vector<net::AnswerFields> answered_first;  ///< answered_by() it at the first attempt
  std::vector<std::string> routed;                ///< "provider/model"
  base::WallTime made{};
};

/// Makes every provider's upstream. The error names the provider. `before` is the snapshot in force so far,
/// or null. `meter` learns the policy's names.
base::Result<std::shared_ptr<const Snapshot>> make_snapshot(std::shared_ptr<const policy::Policy> policy,
                                                            quota::Ledger& ledger, const Plugins& plugins,
                                                            std::string (*environment)(const char* name),
                                                            base::WallTime now, const Snapshot* before,
                                                            Meter& meter);

/// The snapshot in force. Thread safety: any thread; a reload swaps, requests in progress keep theirs.
class Current {
 public:
  std::shared_ptr<const Snapshot> get() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void set(std::shared_ptr<const Snapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_.swap(snapshot);
  }

 private:
  mutable base::Lock mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace freellmapi::relay
