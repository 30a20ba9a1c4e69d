#include "cli/prober.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "relay/probe.hpp"

namespace freellmapi::cli {

namespace {

using std::chrono::milliseconds;
constexpr std::uint64_t shortest_pause_ms = 120'000, pause_spread_ms = 120'000;
constexpr std::uint64_t due_spread_ms = 3'600'000;

/// When something was last heard of the key; a time ahead of a clock that went back counts as long ago.
base::WallTime heard(const store::KeyRecord& record, base::WallTime now) {
  base::WallTime last{};
  for (const auto& time : {record.last_good, record.last_refused, record.last_probe}) {
    if (time && *time <= now) last = std::max(last, *time);
  }
  return last;
}

}  // namespace

std::optional<policy::KeyIndex> due_key(const policy::Policy& policy, const store::KeyHealth& health,
                                        base::WallTime now,
                                        const std::function<bool(policy::ProviderIndex)>& has_free_test) {
  std::optional<policy::KeyIndex> due;
  base::WallTime longest{};
  for (policy::KeyIndex i = 0; i < policy.keys.size(); ++i) {
    const policy::Key& key = policy.keys[i];
    const policy::Provider& provider = policy.providers[key.provider];
    if (!provider.enabled || !has_free_test(key.provider)) continue;
    const base::WallTime last = heard(health.of(provider.id, key.fingerprint), now);
    const milliseconds own{static_cast<std::int64_t>(key.fingerprint % due_spread_ms)};
    if (last + silent_for + own > now) continue;
    if (!due || last < longest) {
      due = i;
      longest = last;
    }
  }
  return due;
}

void note_probe(store::KeyHealth& health, const policy::Provider& provider, const policy::Key& key, bool good,
                bool refused, base::WallTime now) {
  health.probed(provider.id, key.fingerprint, now);
  if (good) health.good(provider.id, key.fingerprint, now);
  if (refused) health.refused(provider.id, key.fingerprint, now);
}

net::Task<void> Prober::run(net::Core& core) {
  while (true) {
    const milliseconds pause{
        static_cast<std::int64_t>(shortest_pause_ms + base::random_bits() % pause_spread_ms)};
    const base::Instant next = core.clock().steady() + pause;
    co_await core.sleep_until(next);
    co_await test_one(core);
  }
}

net::Task<void> Prober::test_one(net::Core& core) {
  const std::shared_ptr<const relay::Snapshot> snapshot = current_.get();
  const auto free_test = [&snapshot](policy::ProviderIndex provider) {
    return relay::has_free_probe(snapshot->upstreams[provider]);
  };
  const auto due = due_key(*snapshot->policy, health_, core.clock().wall(), free_test);
  if (!due) co_return;
  const policy::Key& key = snapshot->policy->keys[*due];
  const policy::Provider& provider = snapshot->policy->providers[key.provider];
  const relay::Probed said = co_await relay::probe_key(core, snapshot->upstreams[key.provider], key);
  const bool good = said.verdict == relay::Probed::Verdict::good;
  const bool refused = said.verdict == relay::Probed::Verdict::refused;
  note_probe(health_, provider, key, good, refused, core.clock().wall());
  log_.info("key.tested", {{"provider", provider.id},
                           {"key", key.label},
                           {"verdict", relay::name(said.verdict)},
                           {"why", said.why}});
}

}  // namespace freellmapi::cli
