#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

using namespace std::chrono_literals;

std::string chain_of(const std::string& chain) {
  const auto outcome = House{}("version: 1\nchain: " + chain + "\n");
  return outcome.policy ? steps(*outcome.policy, outcome.policy->chains[0]) : texts(outcome);
}

TEST(Chain, AProviderStandsForItsChatModelsThatAreOnBestFirst) {
  EXPECT_EQ(chain_of("[groq]"), "groq/big-fast groq/big groq/small");
}

TEST(Chain, HoldsNoModelTwiceAndTheEarlierPlaceCounts) {
  EXPECT_EQ(chain_of("[groq/small, google, groq]"),
            "groq/small google/gemini-2.5-flash groq/big-fast groq/big");
  const auto outcome = House{}("version: 1\nchain: [groq, groq/small, groq]\n");
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:2:15: warning: chain[1]: stands in the chain already; the earlier place counts\n"
            "p.yaml:2:27: warning: chain[2]: all its models stand in the chain already\n");
}

TEST(Chain, KeepsTheWaitOfEachEntry) {
  const auto outcome =
      House{}("version: 1\nchain: [{model: groq/big, wait: 8s}, {provider: google, wait: 450ms}, groq]\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const auto& steps = outcome.policy->chains[0].steps;
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].wait, 8s);
  EXPECT_EQ(steps[1].wait, 450ms);
  EXPECT_EQ(steps[2].wait, 0ms);
}

TEST(Chain, PassesOverAModelThatIsOffAndSaysSinceWhen) {
  const auto outcome = House{}("version: 1\nchain: [groq/gone, groq/small]\n");
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:2:9: warning: chain[0]: passed over: the model is off (retired (since 2026-08-01))\n");
  EXPECT_EQ(steps(*outcome.policy, outcome.policy->chains[0]), "groq/small");
}

TEST(Chain, HoldsAModelThatThePolicySwitchesOn) {
  const auto outcome =
      House{}("version: 1\nchain: [groq/gone]\nproviders: {groq: {models: {gone: {enabled: true}}}}\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(steps(*outcome.policy, outcome.policy->chains[0]), "groq/gone");
}

TEST(Chain, PassesOverAProviderThatIsOff) {
  const auto outcome = House{}("version: 1\nchain: [groq, google]\nproviders: {groq: {enabled: false}}\n");
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:2:9: warning: chain[0]: groq is passed over: it is off (switched off in the policy)\n");
  EXPECT_EQ(steps(*outcome.policy, outcome.policy->chains[0]), "google/gemini-2.5-flash");
}

TEST(Chain, MayNameAnyModelOfAnEndpointThatListsNone) {
  const auto outcome = House{}(
      "version: 1\nchain: [box/org/any:model]\nproviders: {box: {plugin: custom, base_url: "
      "\"http://box/v1\"}}\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(steps(*outcome.policy, outcome.policy->chains[0]), "box/org/any:model");
  EXPECT_TRUE(outcome.policy->providers[outcome.policy->provider_named("box")].any_model);
  EXPECT_EQ(
      faults("version: 1\nchain: [box]\nproviders: {box: {plugin: custom, base_url: \"http://box/v1\"}}\n"),
      "p.yaml:2:1: chain: nothing in it can be used\n"
      "p.yaml:2:9: warning: chain[0]: box lists no models: name one, such as box/MODEL\n");
}

TEST(Chain, MayHoldTheSandboxWhenAskedFor) { EXPECT_EQ(chain_of("[sandbox]"), "sandbox/echo"); }

TEST(Profile, HasItsOwnChainAndStrategyOrThoseOfTheFile) {
  const auto outcome = House{}(
      "version: 1\nchain: [google]\nrouting: {strategy: balanced}\n"
      "profiles:\n  coding: {chain: [groq/big], strategy: fastest}\n  plain: {}\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  ASSERT_EQ(policy.chains.size(), 3U);
  const Chain& coding = policy.chains[policy.profile_named("coding")];
  EXPECT_EQ(steps(policy, coding), "groq/big");
  EXPECT_EQ(coding.strategy, Strategy::fastest);
  const Chain& plain = policy.chains[policy.profile_named("plain")];
  EXPECT_EQ(steps(policy, plain), "google/gemini-2.5-flash");
  EXPECT_EQ(plain.strategy, Strategy::balanced);
  EXPECT_EQ(texts(outcome), "");
}

TEST(Aliases, ComeToWhatTheyMeanInTheEnd) {
  const auto outcome =
      House{}(with("profiles: {coding: {}}\n"
                   "aliases: {a: b, b: \"auto:coding\", gpt-4o: auto, f: BIG, m: groq/small, s: "
                   "\"auto:fastest\", id: big-fast}\n"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const auto& aliases = outcome.policy->aliases;
  EXPECT_EQ(aliases.at("a"), "auto:coding");
  EXPECT_EQ(aliases.at("b"), "auto:coding");
  EXPECT_EQ(aliases.at("gpt-4o"), "auto");
  EXPECT_EQ(aliases.at("f"), "BIG");
  EXPECT_EQ(aliases.size(), 7U);
}

TEST(Aliases, ToAProfileThatIsNotThereAreFaults) {
  EXPECT_EQ(faults(with("profiles: {coding: {}}\naliases: {a: \"auto:codin\"}\n")),
            "p.yaml:4:14: aliases.a: 'auto:codin' names no model, family, profile or alias (did you mean "
            "'auto:coding'?)\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
