#include "relay/snapshot.hpp"

#include <utility>

namespace freellmapi::relay {

base::Result<std::shared_ptr<const Snapshot>> make_snapshot(
    std::shared_ptr<const policy::Policy> policy, quota::Ledger& ledger,
    const std::map<std::string, std::shared_ptr<const host::Provider>, std::less<>>& plugins,
    std::string (*environment)(const char* name), base::WallTime now) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->upstreams.reserve(policy->providers.size());
  for (const policy::Provider& provider : policy->providers) {
    Upstream upstream;
    if (const auto found = plugins.find(provider.plugin); found != plugins.end())
      upstream.plugin = found->second;
    if (!provider.base_url.empty()) {
      auto url = net::parse_base_url(provider.base_url);
      if (!url) {
        return base::Error{base::Errc::invalid_argument, url.error().message,
                           "providers." + provider.id + ".base_url"};
      }
      upstream.origin = std::move(url->origin);
      upstream.base_path = std::move(url->path);
    }
    upstream.origin.ca_file = provider.ca_file;
    upstream.origin.local_allowed = provider.local_allowed;
    if (provider.proxy.empty()) {
      upstream.origin.proxy = net::proxy_from_environment(upstream.origin, environment);
    } else if (provider.proxy != "none") {
      upstream.origin.proxy = provider.proxy;
    }
    upstream.deadlines = {provider.timeouts.connect, provider.timeouts.first_byte, provider.timeouts.idle,
                          provider.timeouts.total};
    snapshot->upstreams.push_back(std::move(upstream));
  }
  snapshot->plan = ledger.bind(policy);
  snapshot->policy = std::move(policy);
  snapshot->made = now;
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace freellmapi::relay
