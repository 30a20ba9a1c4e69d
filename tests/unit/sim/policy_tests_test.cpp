// `tests:` of policy.yaml.
#include "sim/policy_tests.hpp"

#include <gtest/gtest.h>

namespace freellmapi::sim {
namespace {

constexpr base::WallTime noon{std::chrono::milliseconds{1'767'268'800'000}};

policy::Outcome compiled(const std::string& tests) {
  policy::Input input;
  input.file = "policy.yaml";
  input.text = "version: 1\nchain: [a, b/tall, c]\ntests:\n" + tests;
  const auto manifest = [&](const std::string& id, const std::string& models) {
    input.manifests.push_back({id,
                               "manifest: 1\nid: " + id + "\nbase_url: https://" + id +
                                   ".example/v1\nkeys: {env: [SOME_KEY]}\nmodels: {" + models + "}\n",
                               id + ".so"});
  };
  manifest("a", "m: {tools: true, context: 8192, quota: {rpd: 100}}");
  manifest("b", "tall: {tools: true, vision: true, context: 131072}, flat: {context: 4096}");
  manifest("c", "m: {vision: true, context: 131072, quota: {tpm: 6000}}");
  return policy::compile(input);
}

/// The faults of running them, a line each; those of compiling when there are any.
std::string run(const std::string& tests) {
  const policy::Outcome outcome = compiled(tests);
  std::string out;
  for (const auto& d : outcome.diagnostics)
    if (!d.warning) out += d.text() + "\n";
  if (outcome.policy)
    for (const auto& d : run_tests(*outcome.policy, noon)) out += d.text() + "\n";
  return out;
}

TEST(PolicyTests, PassWithoutAWordAndWithoutAKeyInTheEnvironment) {
  EXPECT_EQ(run("- {expect: a}\n"
                "- {request: {vision: true}, expect: b/tall, never: [a, b/flat]}\n"
                "- {given: {spent: [a], benched: [b]}, expect: c/m}\n"
                "- {given: {without_key: [a]}, expect: b}\n"
                "- {request: {tokens: 20000}, expect: b}\n"
                "- {request: {tokens: 20000, vision: true}, given: {benched: [b]}, expect: none}\n"
                "- {request: {model: c/m, tools: true}, expect: none}\n"),
            "");
}

TEST(PolicyTests, OfAStrategyThatLearnsSeeWhatNobodyHasTried) {
  EXPECT_EQ(run("- {request: {model: \"auto:reliable\"}, expect: a}\n"
                "- {request: {model: \"auto:fastest\"}, given: {benched: [a]}, expect: b}\n"),
            "");
}

TEST(PolicyTests, AnotherRouteIsAFaultAtTheTestsPlaceThatSaysWhy) {
  EXPECT_EQ(run("- {expect: a}\n- {name: sees, request: {vision: true}, expect: a/m}\n"),
            "policy.yaml:5:3: tests[1] 'sees' fails: expected a/m, and the route begins with b/tall (a/m: "
            "no_vision)\n");
}

TEST(PolicyTests, NeverMeansNowhereInTheRoute) {
  EXPECT_EQ(run("- {expect: a, never: [c]}\n"), "policy.yaml:4:3: tests[0] fails: the route holds c/m\n");
}

TEST(PolicyTests, AnUnknownNameIsAFaultOfThePolicyAndIsNotRun) {
  EXPECT_EQ(run("- {expect: b/taII}\n"),
            "policy.yaml:4:12: tests[0].expect: unknown model 'b/taII' (did you mean 'tall'?)\n");
  EXPECT_NE(run("- {request: {vision: true}}\n").find("says what it expects"), std::string::npos);
}

TEST(PolicyTests, AreNoPartOfThePolicysVersion) {
  EXPECT_EQ(compiled("- {expect: a}\n").policy->version, compiled("- {expect: b}\n").policy->version);
}

}  // namespace
}  // namespace freellmapi::sim
