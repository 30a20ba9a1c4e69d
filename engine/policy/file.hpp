// policy.yaml as written: every value with its place, nothing resolved against anything else yet.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/address.hpp"
#include "policy/manifest.hpp"
#include "policy/settings.hpp"

namespace freellmapi::policy {

/// A text with its place, for faults that show only when everything is read.
struct Spot {
  std::string text, path;
  Place place;
};

struct ChainItem {
  enum class Kind { any, model, provider };
  Spot target;  ///< "groq" or "groq/some-model"
  Kind kind = Kind::any;
  std::chrono::milliseconds wait{0};
};

struct ProfileSettings {
  Spot name;
  std::optional<std::vector<ChainItem>> chain;
  std::optional<Strategy> strategy;
};

struct KeyReference {
  enum class Kind { env, file, vault };
  Kind kind = Kind::env;
  Spot what;  ///< variable, file or label
  std::string label;
  std::string before;  ///< with a variable: the one whose value and a ':' come before the key
  std::optional<Spot> host;
};

struct ProviderSettings {
  Spot name;
  std::optional<Spot> plugin, base_url, probe_url;
  std::optional<std::vector<HostSettings>> hosts;
  std::optional<std::string> display_name, proxy, ca_file;
  std::optional<bool> enabled, local;
  std::optional<TimeoutSettings> timeouts;
  std::optional<BillingSettings> billing;
  std::optional<Counters> counters;
  std::optional<QuotaSettings> quota;
  std::optional<std::vector<KeyReference>> keys;
  std::vector<ModelSettings> models;
  const Manifest* manifest = nullptr;  ///< of its plugin; null: there is no such plugin
};

/// A test; the names in it are not looked up yet.
struct TestSettings {
  Test test;
  std::vector<Spot> targets;  ///< every provider and model that it names
};

struct FileSettings {
  Server server;
  Routing routing;
  Store store;
  Strategy strategy = Strategy::priority;
  std::optional<std::vector<ChainItem>> chain;
  std::vector<ProfileSettings> profiles;
  std::vector<std::pair<Spot, Spot>> aliases;  ///< name, target
  std::vector<ProviderSettings> providers;
  std::vector<TestSettings> tests;
};

/// Reads what can be read; faults are in `source`. The manifests must outlive the result.
FileSettings read_file(const Element& root, Source& source, std::span<const Manifest> manifests);

/// The warning that the file wants the router to listen beyond this machine.
std::string beyond_loopback(const Listen& listen);

}  // namespace freellmapi::policy
