// A small vocabulary for ledger tests: one provider, its keys and models, a clock that moves when told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quota/ledger.hpp"

namespace freellmapi::quota::testing {

using namespace std::chrono_literals;
using State = Verdict::State;

inline policy::Rule rule(std::uint64_t limit, policy::Unit of, policy::Per per, std::chrono::seconds length,
                         policy::Reset reset = policy::Reset::rolling,
                         policy::Scope scope = policy::Scope::key) {
  policy::Rule r;
  r.limit = limit;
  r.of = of;
  r.per = per;
  r.length = length;
  r.reset = reset;
  r.scope = scope;
  if (reset == policy::Reset::wall_clock) r.zone = "UTC";
  return r;
}
inline policy::Rule per_minute(std::uint64_t limit, policy::Unit of = policy::Unit::requests) {
  return rule(limit, of, policy::Per::minute, 60s);
}
inline policy::Rule per_day(std::uint64_t limit, policy::Unit of = policy::Unit::requests) {
  return rule(limit, of, policy::Per::day, 24h, policy::Reset::wall_clock);
}
inline policy::Rule hourly(policy::Reset reset, std::uint64_t limit = 10) {
  return rule(limit, policy::Unit::requests, policy::Per::hour, 3600s, reset);
}
inline policy::Rule at_once(std::uint64_t limit) {
  return rule(limit, policy::Unit::concurrency, policy::Per::second, 0s);
}
inline policy::Rule in(policy::Scope scope, policy::Rule r) {
  r.scope = scope;
  return r;
}
inline policy::Rule pooled(std::string pool, policy::Rule r) {
  r.scope = policy::Scope::pool;
  r.pool = std::move(pool);
  return r;
}

/// A policy of providers that share nothing; fingerprints are made of the labels.
class PolicyText {
 public:
  PolicyText& provider(std::string id, std::vector<policy::Rule> rules = {}) {
    policy::Provider p;
    p.id = id;
    p.plugin = std::move(id);
    p.quota = std::move(rules);
    policy_.providers.push_back(std::move(p));
    return *this;
  }
  PolicyText& keyless() {
    policy_.providers.back().keyless = true;
    return *this;
  }
  PolicyText& key(std::uint64_t fingerprint) {
    policy::Key k;
    k.provider = last();
    k.label = "key" + std::to_string(policy_.providers.back().keys.size() + 1);
    k.fingerprint = fingerprint;
    policy_.providers.back().keys.push_back(static_cast<policy::KeyIndex>(policy_.keys.size()));
    policy_.keys.push_back(std::move(k));
    return *this;
  }
  PolicyText& model(std::string id, std::vector<policy::Rule> rules = {}) {
    policy::Model m;
    m.id = std::move(id);
    m.provider = last();
    m.quota = std::move(rules);
    policy_.providers.back().models.push_back(static_cast<policy::ModelIndex>(policy_.models.size()));
    policy_.models.push_back(std::move(m));
    return *this;
  }
  std::shared_ptr<const policy::Policy> made() const {
    return std::make_shared<const policy::Policy>(policy_);
  }

 private:
  policy::ProviderIndex last() const {
    return static_cast<policy::ProviderIndex>(policy_.providers.size() - 1);
  }
  policy::Policy policy_;
};

/// A ledger under a clock. Keys and models are given by index.
class World : public ::testing::Test {
 protected:
  /// One provider with one key and one model that has these rules.
  void with(std::vector<policy::Rule> rules) {
    use(PolicyText{}.provider("p").key(1).model("m", std::move(rules)));
  }
  void use(const PolicyText& text) { plan = ledger.bind(text.made()).value(); }

  Now now() const { return {clock.since_boot(), clock.wall()}; }
  Verdict check(Need need = {}, policy::KeyIndex key = 0, policy::ModelIndex model = 0) {
    return ledger.check(*plan, key, model, need, now());
  }
  Reservation reserve(Need need = {}, policy::KeyIndex key = 0, policy::ModelIndex model = 0) {
    Reservation out;
    last = ledger.reserve(plan, key, model, need, now(), out);
    return out;
  }
  /// Reserves and settles at once; false when there was no room.
  bool spend(Need need = {}, policy::KeyIndex key = 0, policy::ModelIndex model = 0) {
    Reservation r = reserve(need, key, model);
    if (!r) return false;
    ledger.settle(std::move(r), {}, now());
    return true;
  }
  /// How many requests fit now.
  unsigned fill(Need need = {}, policy::KeyIndex key = 0, policy::ModelIndex model = 0) {
    unsigned n = 0;
    while (n < 100'000 && spend(need, key, model)) ++n;
    return n;
  }
  Row row(std::size_t i = 0) { return ledger.rows(*plan, now()).at(i); }

  base::ManualClock clock;  // begins at 2026-01-01 00:00 UTC
  Ledger ledger;
  std::shared_ptr<const Plan> plan;
  Verdict last;
};

}  // namespace freellmapi::quota::testing
