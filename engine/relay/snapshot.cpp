#include "relay/snapshot.hpp"

#include <utility>

#include "base/text.hpp"

namespace freellmapi::relay {

namespace {

base::Result<Upstream::Host> resolve(const policy::Provider& provider, const std::string& url,
                                     bool local_allowed, const std::string& where,
                                     std::string (*environment)(const char* name)) {
  Upstream::Host host;
  if (!url.empty()) {
    auto parsed = net::parse_base_url(url);
    if (!parsed) return base::Error{base::Errc::invalid_argument, parsed.error().message, where};
    host.origin = std::move(parsed->origin);
    host.base_path = std::move(parsed->path);
  }
  host.origin.ca_file = provider.ca_file;
  host.origin.local_allowed = local_allowed;
  if (provider.proxy.empty()) {
    host.origin.proxy = net::proxy_from_environment(host.origin, environment);
  } else if (provider.proxy != "none") {
    host.origin.proxy = provider.proxy;
  }
  return host;
}

}  // namespace

base::Result<Upstream> make_upstream(const policy::Provider& provider, const Plugins& plugins,
                                     std::string (*environment)(const char* name)) {
  Upstream upstream;
  if (const auto found = plugins.find(provider.plugin); found != plugins.end())
    upstream.plugin = found->second;
  const std::string path = "providers." + provider.id;
  auto base = resolve(provider, provider.base_url, provider.local_allowed, path + ".base_url", environment);
  if (!base) return base.error();
  upstream.hosts.push_back(std::move(*base));
  for (const policy::Host& further : provider.hosts) {
    auto host =
        resolve(provider, further.url, further.local_allowed, path + ".hosts." + further.name, environment);
    if (!host) return host.error();
    upstream.hosts.push_back(std::move(*host));
  }
  if (!provider.probe_url.empty()) {
    auto probe =
        resolve(provider, provider.probe_url, provider.local_allowed, path + ".probe_url", environment);
    if (!probe) return probe.error();
    upstream.probe = std::move(*probe);
  }
  upstream.deadlines = {provider.timeouts.connect, provider.timeouts.first_byte, provider.timeouts.idle,
                        provider.timeouts.total};
  return upstream;
}

net::AnswerFields answered_by(const policy::Policy& policy, std::string_view provider, std::string_view model,
                              std::size_t attempts) {
  net::AnswerFields fields;
  fields.add_made("X-Routed-Via", provider.size() + model.size(), [&](std::string& out) {
    base::append_header_safe(out, provider);
    out += '/';
    base::append_header_safe(out, model);
  });
  fields.add("X-Policy-Version", policy.version);
  fields.add("X-Fallback-Attempts", std::to_string(attempts));
  return fields;
}

base::Result<std::shared_ptr<const Snapshot>> make_snapshot(std::shared_ptr<const policy::Policy> policy,
                                                            quota::Ledger& ledger, const Plugins& plugins,
                                                            std::string (*environment)(const char* name),
                                                            base::WallTime now, const Snapshot* before,
                                                            Meter& meter) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->upstreams.reserve(policy->providers.size());
  for (const policy::Provider& provider : policy->providers) {
    auto upstream = make_upstream(provider, plugins, environment);
    if (!upstream) return upstream.error();
    snapshot->upstreams.push_back(std::move(*upstream));
  }
  auto plan = ledger.bind(policy);
  if (!plan) return plan.error();
  snapshot->plan = std::move(*plan);
  snapshot->names = std::make_shared<const routing::Names>(*policy);
  snapshot->key_hosts = std::make_shared<KeyHosts>(*policy, before ? before->key_hosts.get() : nullptr);
  snapshot->statistics =
      std::make_shared<routing::Statistics>(*policy, before ? before->statistics.get() : nullptr);
  snapshot->counted_as = meter.learn(*policy);
  snapshot->answered_first.reserve(policy->models.size());
  snapshot->routed.reserve(policy->models.size());
  for (const policy::Model& model : policy->models) {
    const std::string& provider = policy->providers[model.provider].id;
    snapshot->answered_first.push_back(answered_by(*policy, provider, model.id, 0));
    snapshot->routed.push_back(provider + '/' + model.id);
  }
  snapshot->policy = std::move(policy);
  snapshot->made = now;
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace freellmapi::relay
