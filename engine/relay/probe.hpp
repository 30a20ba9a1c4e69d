// Telling a good key from a bad one, over the real wire.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/server.hpp"
#include "policy/policy.hpp"
#include "relay/snapshot.hpp"

namespace freellmapi::relay {

/// How a test of a key ended. Only a provider's clear word makes it `refused`: no answer, a full quota, a
/// region that is not served say nothing of the key.
struct Probed {
  enum class Verdict { good, refused, unknown };
  Verdict verdict = Verdict::unknown;
  std::string why;  ///< one clause for people; the key that was tested is not in it
};
std::string_view name(Probed::Verdict verdict) noexcept;

/// True when the plugin knows a test that spends no quota.
bool has_free_probe(const Upstream& upstream);

/// Tests the key by its plugin's free test, at each of the provider's hosts until one takes it. Everything
/// outlives the task.
net::Task<Probed> probe_key(net::Core& core, const Upstream& upstream, const policy::Key& key);

/// Tests the key by the shortest chat there is: spends quota, which no ledger counts. A null key: keyless.
net::Task<Probed> probe_by_chat(net::Core& core, const Upstream& upstream, const policy::Model& model,
                                const policy::Key* key);

}  // namespace freellmapi::relay
