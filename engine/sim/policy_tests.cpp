#include "sim/policy_tests.hpp"

#include <algorithm>
#include <string_view>

#include "routing/decide.hpp"
#include "sim/simulation.hpp"

namespace freellmapi::sim {
namespace {

using policy::Policy;
using routing::Candidate;

std::string name_of(const Policy& policy, policy::ModelIndex index) {
  const policy::Model& model = policy.models[index];
  return policy.providers[model.provider].id + "/" + model.id;
}

bool names(const Policy& policy, std::string_view target, policy::ModelIndex index) {
  const policy::Model& model = policy.models[index];
  const std::string& provider = policy.providers[model.provider].id;
  if (!target.starts_with(provider)) return false;
  target.remove_prefix(provider.size());
  return target.empty() || (target.front() == '/' && target.substr(1) == model.id);
}

bool any_names(const Policy& policy, const std::vector<std::string>& targets, policy::ModelIndex index) {
  return std::ranges::any_of(targets, [&](const std::string& t) { return names(policy, t, index); });
}

/// The policy as if every provider but those had a key.
std::shared_ptr<const Policy> with_keys(const Policy& policy, const policy::Test& test) {
  if (test.without_key.empty()) return with_assumed_keys(policy);
  auto out = std::make_shared<Policy>(*with_assumed_keys(policy));
  for (policy::Provider& provider : out->providers) {
    if (std::ranges::find(test.without_key, provider.id) == test.without_key.end()) continue;
    provider.keys.clear();
    provider.keyless = false;
  }
  return out;
}

/// What the test gives, and for the rest a ledger in which nothing has happened.
class Assumed final : public routing::Verdicts {
 public:
  Assumed(const policy::Test& test, const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now)
      : test_(test), plan_(plan), ledger_(ledger), now_(now) {}

  quota::Verdict of(const Candidate& candidate, const quota::Need& need) const override {
    using State = quota::Verdict::State;
    const Policy& policy = plan_.policy();
    quota::Verdict verdict = ledger_.check(plan_, candidate.key, candidate.model, need, now_);
    if (any_names(policy, test_.benched, candidate.model)) {
      verdict.state = State::benched;
      verdict.reason = "benched by the test";
    } else if (verdict.state != State::never && any_names(policy, test_.spent, candidate.model)) {
      verdict.state = State::full;
    }
    if (verdict.state != State::free) verdict.free_at = now_.wall + std::chrono::hours{24};
    return verdict;
  }

 private:
  const policy::Test& test_;
  const quota::Plan& plan_;
  const quota::Ledger& ledger_;
  const quota::Now now_;
};

/// What is wrong with the route; empty when it is as expected.
std::string fault_of(const Policy& policy, const policy::Test& test, const routing::Decision& decision) {
  const auto model = [&](std::uint32_t i) { return decision.considered[i].candidate.model; };
  const bool nobody = decision.order.empty();
  const std::string route = nobody ? "nobody" : name_of(policy, model(decision.order.front()));
  const bool right =
      test.expect.empty() ||
      (test.expect == "none" ? nobody : !nobody && names(policy, test.expect, model(decision.order.front())));
  if (!right) {
    std::string out = "expected " + test.expect + ", and the route begins with " + route;
    const auto gated = std::ranges::find_if(decision.considered, [&](const routing::Considered& c) {
      return c.gate != routing::Gate::passed && names(policy, test.expect, c.candidate.model);
    });
    if (gated != decision.considered.end())
      out += " (" + name_of(policy, gated->candidate.model) + ": " + std::string(routing::name(gated->gate)) +
             ")";
    return out;
  }
  for (const std::uint32_t i : decision.order) {
    if (any_names(policy, test.never, model(i))) return "the route holds " + name_of(policy, model(i));
  }
  return {};
}

std::string run(const Policy& original, const policy::Test& test, base::WallTime wall) {
  const auto policy = with_keys(original, test);
  quota::Ledger ledger;
  const auto plan = ledger.bind(policy);
  if (!plan) return plan.error().message;
  const auto target = routing::resolve(*policy, test.model);
  if (!target) return target.error().message;
  routing::Inputs inputs;
  inputs.plan = plan->get();
  inputs.target = &*target;
  inputs.features.tools = test.tools;
  inputs.features.images = test.vision;
  inputs.features.json_object = test.json == policy::Json::object;
  inputs.features.json_schema = test.json == policy::Json::schema;
  inputs.features.input_tokens = test.tokens;
  inputs.features.output_tokens = test.output;
  inputs.now = {base::Instant{std::chrono::hours{1}}, wall};
  const Assumed assumed(test, **plan, ledger, inputs.now);
  inputs.verdicts = &assumed;
  routing::Decision decision;
  routing::decide(inputs, decision);
  return fault_of(*policy, test, decision);
}

}  // namespace

std::vector<policy::Diagnostic> run_tests(const Policy& policy, base::WallTime now) {
  std::vector<policy::Diagnostic> out;
  for (std::size_t i = 0; i < policy.tests.size(); ++i) {
    const policy::Test& test = policy.tests[i];
    const std::string fault = run(policy, test, now);
    if (fault.empty()) continue;
    const std::string name = test.name.empty() ? "" : " '" + test.name + "'";
    out.push_back({policy.file, test.line, test.column,
                   "tests[" + std::to_string(i) + "]" + name + " fails: " + fault, false});
  }
  return out;
}

}  // namespace freellmapi::sim
