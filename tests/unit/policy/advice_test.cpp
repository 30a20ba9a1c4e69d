#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

const std::string able = R"(manifest: 1
id: able
base_url: https://able.example/v1
source: https://able.example/limits
as_of: 2026-06-23
quota:
  - {limit: 100, of: requests, per: day}
  - {limit: 2, of: concurrency, scope: account}
models:
  all: {tools: true, vision: true, context: 131072, quota: {rpm: 30}}
  blind: {tools: true, context: 131072, quota: {tpm: 200000}}
  clumsy: {vision: true, context: 131072}
  unknown: {tools: true, vision: true}
  short: {tools: true, vision: true, context: 65536}
  narrow: {tools: true, vision: true, context: 131072, quota: {tpm: 8000}}
  drawing: {kind: image, tools: true, vision: true}
)";

std::string advice(const std::string& text) {
  House setup;
  setup.manifests.push_back({"able", able, "able.so"});
  setup.advice = true;
  return texts(setup("version: 1\n" + text));
}

TEST(Advice, IsGivenOnlyWhenAskedFor) {
  EXPECT_EQ(faults("version: 1\nchain: [groq/small]\n"), "");
  EXPECT_NE(advice("chain: [groq/small]\n"), "");
}

TEST(Advice, HasNothingToSayOfAChainThatCanServeEverything) {
  EXPECT_EQ(advice("chain: [able]\n"), "");
  EXPECT_EQ(advice("chain: [able/all]\n"), "");
  EXPECT_EQ(advice("chain: [able/blind, able/clumsy]\n"), "") << "what one cannot, the other can";
  EXPECT_EQ(advice("chain: [able/unknown]\n"), "") << "a window that nobody knows may do";
}

TEST(Advice, NamesWhatAChainCanNeverServe) {
  EXPECT_EQ(advice("chain: [able/clumsy]\n"),
            "p.yaml:2:1: warning: chain: no model in it can call tools: no agent can use it\n");
  EXPECT_EQ(advice("chain: [able/blind]\n"), "p.yaml:2:1: warning: chain: no model in it can read images\n");
  EXPECT_EQ(
      advice("chain: [able/narrow, able/short]\n"),
      "p.yaml:2:1: warning: chain: no model in it takes a prompt of 100000 tokens; the most is 65536, of "
      "able/short\n");
}

TEST(Advice, TakesATokenLimitForAWindow) {
  EXPECT_EQ(
      advice("chain: [able/narrow]\n"),
      "p.yaml:2:1: warning: chain: no model in it takes a prompt of 100000 tokens; the most is 8000, of "
      "able/narrow\n");
}

TEST(Advice, LooksAtEachProfileWithAChainOfItsOwn) {
  EXPECT_EQ(advice("chain: [able]\nprofiles:\n  eyes: {chain: [able/blind]}\n  same: {}\n"),
            "p.yaml:4:10: warning: profiles.eyes.chain: no model in it can read images\n");
}

TEST(Advice, DoesNotCountWhoIsOff) {
  EXPECT_EQ(advice("chain: [able/blind, able/all]\nproviders: {able: {models: {all: {enabled: false}}}}\n"),
            "p.yaml:2:1: warning: chain: no model in it can read images\n"
            "p.yaml:2:21: warning: chain[1]: passed over: the model is off (switched off in the policy)\n");
}

TEST(Advice, NamesALimitAboveTheOneThePluginKnows) {
  EXPECT_EQ(
      advice("chain: [able]\nproviders:\n  able:\n    quota:\n"
             "      - {limit: 101, of: requests, per: day, scope: key}\n"
             "      - {limit: 9, of: requests, per: minute}\n"
             "      - {limit: 3, of: concurrency, scope: key}\n"
             "    models: {all: {quota: {rpm: 60}}, blind: {quota: {tpm: none, rpm: 5}}}\n"),
      "p.yaml:6:9: warning: providers.able.quota[0]: 101 is above the plugin's 100 requests per day "
      "(https://able.example/limits, 2026-06-23)\n"
      "p.yaml:9:33: warning: providers.able.models.all.quota.rpm: 60 is above the plugin's 30 requests per "
      "minute (https://able.example/limits, 2026-06-23)\n"
      "p.yaml:9:60: warning: providers.able.models.blind.quota.tpm: takes away the plugin's 200000 tokens "
      "per minute (https://able.example/limits, 2026-06-23)\n");
}

TEST(Advice, HasNothingToSayOfALimitAtOrBelowThePlugins) {
  EXPECT_EQ(advice("chain: [able]\nproviders: {able: {quota: [{limit: 100, of: requests, per: day}], models: "
                   "{all: {quota: {rpm: 30}}, new: {quota: {rpm: 999}}}}}\n"),
            "");
}

TEST(Advice, NamesAStepThatStandsAboveAlreadyAlsoThroughItsProvider) {
  EXPECT_EQ(advice("chain: [able, able/all]\n"),
            "p.yaml:2:15: warning: chain[1]: stands in the chain already; the earlier place counts\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
