// What a plugin says about itself: its manifest, read with the readers of policy.yaml.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/compile.hpp"
#include "policy/settings.hpp"

namespace freellmapi::policy {

/// A variable that holds keys.
struct KeyVariable {
  std::string name;
  std::string before;  ///< of the variable whose value, with a ':', comes before the key; empty: none
  std::string host;    ///< where its keys are tried first; empty: the base URL
};

/// Which variables hold a provider's keys, and what a key looks like.
struct KeyFacts {
  std::vector<KeyVariable> env;
  std::string prefix;
  std::size_t min_length = 0;
  bool required = false;
};

struct Manifest {
  std::string id, name, version, base_url, probe_url;
  std::vector<HostSettings> hosts;
  std::string file;    ///< for messages
  bool local = false;  ///< `wire: local`: the plugin answers by itself
  KeyFacts keys;
  TimeoutSettings timeouts;
  BillingSettings billing;
  RuleContext rules;
  std::vector<Rule> quota;
  std::vector<ModelSettings> models;
  bool enabled = true;
  bool faulty = false;  ///< it could not be read: the provider is off
  std::string why_off, since, source, as_of;
  std::map<std::string, Place> found;
};

/// Reads a manifest. Faults disable the provider and nothing else: they are reported as warnings, at most
/// 100.
Manifest read_manifest(const ManifestText& text, std::vector<Diagnostic>& diagnostics,
                       std::set<std::string>* known = nullptr);

}  // namespace freellmapi::policy
