// A policy of a few providers with one model each, by hand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "sim/arrival.hpp"

namespace freellmapi::sim::testing {

using namespace std::chrono_literals;

/// 2026-01-01T00:00:00Z, a Thursday.
inline constexpr base::WallTime new_year{std::chrono::milliseconds{1'767'225'600'000}};

inline policy::Rule per_day(std::uint64_t limit, policy::Unit of = policy::Unit::requests) {
  policy::Rule r;
  r.limit = limit;
  r.of = of;
  r.per = policy::Per::day;
  r.length = 24h;
  r.reset = policy::Reset::wall_clock;
  r.zone = "UTC";
  r.label = std::to_string(limit) + " a day";
  return r;
}
inline policy::Rule per_minute(std::uint64_t limit) {
  policy::Rule r;
  r.limit = limit;
  r.per = policy::Per::minute;
  r.length = 60s;
  r.label = std::to_string(limit) + " a minute";
  return r;
}

struct Fleet {
  policy::Policy policy;
  Fleet() {
    policy.version = "0123456789ab";
    policy.chains.push_back({"default", {}, policy::Strategy::priority});
  }
  Fleet& add(const std::string& id, std::vector<policy::Rule> rules, const std::string& tier = "",
             std::chrono::milliseconds wait = 0ms, bool vision = false) {
    const auto p = static_cast<policy::ProviderIndex>(policy.providers.size());
    const auto m = static_cast<policy::ModelIndex>(policy.models.size());
    policy::Key key;
    key.provider = p;
    key.label = "key1";
    key.fingerprint = p + 1;
    policy::Provider provider;
    provider.id = provider.plugin = id;
    provider.keys = {static_cast<policy::KeyIndex>(policy.keys.size())};
    provider.models = {m};
    policy::Model model;
    model.id = "m";
    model.provider = p;
    model.tier = tier;
    model.tools = true;
    model.vision = vision;
    model.context = 200'000;
    model.max_output = 4'000;
    model.quota = std::move(rules);
    policy.keys.push_back(std::move(key));
    policy.providers.push_back(std::move(provider));
    policy.models.push_back(std::move(model));
    policy.chains[0].steps.push_back({m, wait});
    return *this;
  }
  std::shared_ptr<const policy::Policy> share() const {
    kept.push_back(std::make_shared<const policy::Policy>(policy));
    return kept.back();
  }
  mutable std::vector<std::shared_ptr<const policy::Policy>> kept;  ///< outcomes point into them
};

class Listed final : public Arrivals {
 public:
  explicit Listed(std::vector<Arrival> all) : all_(std::move(all)) {}
  base::Result<std::optional<Arrival>> next() override {
    if (at_ == all_.size()) return std::optional<Arrival>();
    return std::optional(all_[at_++]);
  }
  double done() const noexcept override { return 0; }

 private:
  std::vector<Arrival> all_;
  std::size_t at_ = 0;
};

inline Arrival arrival(base::WallTime at) {
  Arrival a;
  a.at = at;
  a.features.input_tokens = a.input = 100;
  a.output = 50;
  a.took = 1s;
  a.seed = static_cast<std::uint64_t>(at.time_since_epoch().count());
  return a;
}

}  // namespace freellmapi::sim::testing
