#include "relay/key_hosts.hpp"

#include <string>
#include <unordered_map>

#include "base/ids.hpp"

namespace freellmapi::relay {

namespace {

std::uint64_t name_of(const policy::Policy& policy, const policy::Key& key) {
  const policy::Provider& provider = policy.providers[key.provider];
  std::uint64_t name = base::fnv1a(std::to_string(key.fingerprint) + " " + std::to_string(key.host));
  name = base::fnv1a(provider.base_url, name);
  for (const policy::Host& host : provider.hosts) name = base::fnv1a(host.url, base::fnv1a(" ", name));
  return name;
}

}  // namespace

KeyHosts::KeyHosts(const policy::Policy& policy, const KeyHosts* before) : hosts_(policy.keys.size()) {
  std::unordered_map<std::uint64_t, std::uint32_t> learnt;
  if (before != nullptr) {
    for (std::size_t i = 0; i < before->names_.size(); ++i)
      learnt.emplace(before->names_[i], before->hosts_[i].load(std::memory_order_relaxed));
  }
  names_.reserve(policy.keys.size());
  for (std::size_t i = 0; i < policy.keys.size(); ++i) {
    const policy::Key& key = policy.keys[i];
    names_.push_back(name_of(policy, key));
    const auto known = learnt.find(names_.back());
    hosts_[i].store(known == learnt.end() ? key.host : known->second, std::memory_order_relaxed);
  }
}

}  // namespace freellmapi::relay
