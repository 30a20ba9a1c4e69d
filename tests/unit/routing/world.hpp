// A policy with a chain, a ledger and a clock; candidates print as "provider/model#key".
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "routing/decide.hpp"

namespace freellmapi::routing::testing {

using namespace std::chrono_literals;
using policy::Json;

inline policy::Rule requests_per_day(std::uint64_t limit) {
  policy::Rule r;
  r.limit = limit;
  r.per = policy::Per::day;
  r.length = 24h;
  r.reset = policy::Reset::wall_clock;
  r.zone = "UTC";
  return r;
}
inline policy::Rule tokens_per_minute(std::uint64_t limit) {
  policy::Rule r;
  r.limit = limit;
  r.of = policy::Unit::tokens;
  r.per = policy::Per::minute;
  r.length = 60s;
  return r;
}

class Routing : public ::testing::Test {
 protected:
  Routing() { policy.chains.push_back({"default", {}, policy::Strategy::priority}); }

  policy::Provider& provider(const std::string& id, unsigned keys) {
    const auto index = static_cast<policy::ProviderIndex>(policy.providers.size());
    policy::Provider p;
    p.id = p.plugin = id;
    for (unsigned i = 1; i <= keys; ++i) {
      policy::Key key;
      key.provider = index;
      key.label = "key" + std::to_string(i);
      key.fingerprint = policy.keys.size() + 1;
      p.keys.push_back(static_cast<policy::KeyIndex>(policy.keys.size()));
      policy.keys.push_back(std::move(key));
    }
    policy.providers.push_back(std::move(p));
    return policy.providers.back();
  }
  /// A model of the last provider that can do everything.
  policy::Model& model(const std::string& id, std::vector<policy::Rule> rules = {}) {
    policy::Model m;
    m.id = id;
    m.provider = static_cast<policy::ProviderIndex>(policy.providers.size() - 1);
    m.tools = m.vision = true;
    m.json = Json::schema;
    m.context = 100'000;
    m.max_output = 1000;
    m.quota = std::move(rules);
    policy.providers.back().models.push_back(static_cast<policy::ModelIndex>(policy.models.size()));
    policy.models.push_back(std::move(m));
    return policy.models.back();
  }
  void chain(const std::vector<policy::Step>& steps, std::size_t index = 0) {
    policy.chains.at(index).steps = steps;
  }

  void bind() { plan = ledger.bind(std::make_shared<const policy::Policy>(policy)).value(); }
  quota::Now now() const { return {clock.since_boot(), clock.wall()}; }

  const Decision& decide_for(std::string_view name, Features features = {}, std::uint64_t seed = 0,
                             Candidate pinned = {}) {
    if (!plan) bind();
    const auto resolved = resolve(plan->policy(), name);
    EXPECT_TRUE(resolved.has_value()) << name;
    target = resolved.has_value() ? *resolved : Target{};
    features.input_tokens = features.input_tokens == 0 ? 10 : features.input_tokens;
    decide({plan.get(), &ledger, &target, features, now(), seed, pinned}, decision);
    return decision;
  }
  std::string text(const Candidate& c) const {
    const policy::Model& m = policy.models[c.model];
    return policy.providers[m.provider].id + '/' + m.id +
           (c.key == policy::none ? "" : '#' + policy.keys[c.key].label.substr(3));
  }
  std::string order() const {
    std::string out;
    for (const std::uint32_t i : decision.order) out += text(decision.considered[i].candidate) + ' ';
    return out;
  }
  std::string considered() const {
    std::string out;
    for (const Considered& c : decision.considered) {
      out += text(c.candidate) + '=' + std::string{name(c.gate)} + ' ';
    }
    return out;
  }
  void spend(policy::KeyIndex key, policy::ModelIndex model_index, quota::Need need = {}) {
    quota::Reservation r;
    ASSERT_EQ(ledger.reserve(plan, key, model_index, need, now(), r).state, quota::Verdict::State::free);
    ledger.settle(std::move(r), {}, now());
  }

  policy::Policy policy;
  base::ManualClock clock;
  quota::Ledger ledger;
  std::shared_ptr<const quota::Plan> plan;
  Target target;
  Decision decision;
};

}  // namespace freellmapi::routing::testing
