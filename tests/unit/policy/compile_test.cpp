#include "policy/compile.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

using namespace std::chrono_literals;

// The example of the product's description, word for word.
const std::string product_example = R"(version: 1
server:
  listen: 127.0.0.1:3001
chain:                                  # tried from the top; a provider stands for its models, best first
  - google/gemini-2.5-flash
  - groq
  - {model: mistral/mistral-large-latest, wait: 8s}   # rather wait 8 s for a slot than go lower
profiles:                               # model: "auto:coding" uses this one
  coding: {chain: [cerebras, groq, mistral], strategy: fastest}
routing:
  strategy: priority                    # priority | balanced | fastest | smartest | reliable | expiring
  sticky: 30m                           # a conversation stays on its model
  attempts: 20
  budget: 45s                           # no new attempt is started after this
  continue_streams: true                # a stream that dies goes on from the next model
aliases: {claude-sonnet-4-5: "auto:coding", gpt-4o: auto}
providers:
  groq:
    keys: [{env: GROQ_API_KEY}, {vault: work}]        # default: everything found for this provider
    base_url: https://api.groq.com/openai/v1
    timeouts: {connect: 5s, first_byte: 15s, idle: 30s, total: 10m}
    proxy: socks5h://127.0.0.1:1080
    quota:                              # account rules, on top of each model's own
      - {limit: 1000, of: requests, per: day, scope: key, resets: "00:00 UTC"}
      - {limit: 2, of: concurrency, scope: key}
    models:
      llama-3.3-70b-versatile:
        quota: {rpm: 30, rpd: 1000, tpm: 12000, tpd: 100000}     # shorthand for four rules
        context: 131072
  my-box:                               # any name: a custom endpoint
    plugin: custom
    base_url: http://127.0.0.1:11434/v1
    models: {"qwen3:8b": {tools: true, context: 32768}}
)";

House whole_setup() {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_0123456789"}};
  setup.vault = {{"groq/work", "gsk_9876543210"}};
  setup.manifests.push_back({"cerebras", plain_manifest("cerebras"), "cerebras.so"});
  setup.manifests.push_back({"mistral",
                             "manifest: 1\nid: mistral\nbase_url: https://api.mistral.ai/v1\n"
                             "models: {mistral-large-latest: }\n",
                             "mistral.so"});
  return setup;
}

TEST(Compile, TheProductsExampleMeansWhatItSays) {
  const auto outcome = whole_setup()(product_example);
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(texts(outcome), "");
  const Policy& policy = *outcome.policy;
  EXPECT_EQ(policy.server.port, 3001);
  EXPECT_EQ(policy.routing.sticky, 30min);
  EXPECT_EQ(policy.routing.attempts, 20U);
  EXPECT_EQ(policy.routing.budget, 45s);
  EXPECT_TRUE(policy.routing.continue_streams);
  EXPECT_EQ(policy.routing.on_content_filter, OnContentFilter::fail);
  EXPECT_EQ(policy.routing.handoff, Handoff::off);
  EXPECT_EQ(policy.routing.hedge, Hedge::off);
  EXPECT_EQ(policy.store.conversations, 24h);
  EXPECT_EQ(steps(policy, policy.chains[0]),
            "google/gemini-2.5-flash groq/big-fast groq/big groq/small groq/llama-3.3-70b-versatile "
            "mistral/mistral-large-latest");
  EXPECT_EQ(policy.chains[0].steps.back().wait, 8s);
  EXPECT_EQ(policy.aliases.at("claude-sonnet-4-5"), "auto:coding");
  const Provider& groq = policy.providers[policy.provider_named("groq")];
  EXPECT_EQ(groq.proxy, "socks5h://127.0.0.1:1080");
  EXPECT_EQ(groq.timeouts.first_byte, 15s);
  EXPECT_EQ(groq.quota.size(), 2U);
  EXPECT_EQ(groq.keys.size(), 2U);
  EXPECT_FALSE(groq.billing.failed_counts_request);
  EXPECT_EQ(groq.billing.cancelled, Billing::Part::all);
  EXPECT_EQ(groq.billing.cut, Billing::Part::input);
  EXPECT_FALSE(groq.local_allowed);
  const Model& llama =
      policy.models[policy.model_of(policy.provider_named("groq"), "llama-3.3-70b-versatile")];
  EXPECT_EQ(llama.quota.size(), 4U);
  EXPECT_EQ(llama.context, 131072U);
  const Provider& box = policy.providers[policy.provider_named("my-box")];
  EXPECT_EQ(box.plugin, "custom");
  EXPECT_TRUE(box.local_allowed);
  EXPECT_FALSE(box.any_model);
  EXPECT_TRUE(policy.models[policy.model_of(policy.provider_named("my-box"), "qwen3:8b")].tools);
}

TEST(Compile, TwoLinesAreAWholePolicy) {
  const auto outcome = House{}("version: 1\nchain: [groq]\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(texts(outcome), "");
  EXPECT_EQ(outcome.policy->server.address, "127.0.0.1");
  EXPECT_EQ(outcome.policy->server.port, 3001);
  EXPECT_EQ(outcome.policy->providers[outcome.policy->provider_named("groq")].timeouts.first_byte, 20s)
      << "the manifest's default";
  EXPECT_EQ(outcome.policy->provider_named("custom"), none) << "a plugin without an address is no provider";
}

std::vector<ManifestText> manifests_of_the_tree() {
  std::vector<ManifestText> out;
  for (const auto& folder : std::filesystem::directory_iterator(PLUGINS_FOLDER)) {
    std::ifstream file(folder.path() / "manifest.yaml");
    if (!file) continue;
    std::stringstream text;
    text << file.rdbuf();
    const std::string id = folder.path().filename().string();
    out.push_back({id, text.str(), id + ".so"});
  }
  return out;
}

TEST(Compile, ThePolicyAsShippedIsGood) {
  std::ifstream file(SHIPPED_POLICY);
  std::stringstream text;
  text << file.rdbuf();
  House setup;
  setup.manifests = manifests_of_the_tree();
  setup.advice = true;
  const auto outcome = setup(text.str());
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(texts(outcome), "") << "nor is there a warning that could be avoided";
  // Whoever is not in it is off, or not meant to be in any chain.
  const Policy& policy = *outcome.policy;
  std::set<ProviderIndex> in_chain;
  for (const Step& step : policy.chains[0].steps) in_chain.insert(policy.models[step.model].provider);
  for (ProviderIndex i = 0; i < policy.providers.size(); ++i) {
    const Provider& provider = policy.providers[i];
    const bool meant = provider.enabled && !provider.answers_itself;
    EXPECT_EQ(in_chain.count(i) > 0, meant) << provider.id;
    if (provider.enabled) continue;
    EXPECT_NE(text.str().find("# - " + provider.id + " "), std::string::npos)
        << provider.id << " stands there as off";
    EXPECT_NE(text.str().find(" off since " + provider.since), std::string::npos) << provider.id;
  }
}

TEST(Compile, SaysThatAModelNearAKnownOneIsTakenForANewOne) {
  const auto outcome = House{}(with("providers: {groq: {models: {smal: }}}\n"));
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:3:29: warning: providers.groq.models.smal: taken for a new model; the plugin does not "
            "list it (did "
            "you mean 'small'?)\n");
}

TEST(Version, IsTwelveHexDigitsThatChangeWithTheContentAlone) {
  const auto version = [](const House& setup, const std::string& text) {
    return setup(text).policy->version;
  };
  const std::string plain = version({}, with(""));
  EXPECT_EQ(plain.size(), 12U);
  EXPECT_EQ(plain.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(plain, version({}, "# a comment\nchain:\n  - groq\nversion: 1\n"));
  EXPECT_EQ(plain, version({}, with("routing: {attempts: 20}\n"))) << "the default, written out";
  EXPECT_NE(plain, version({}, with("routing: {enforce_json: false}\n")));
  EXPECT_NE(plain, version({}, with("routing: {attempts: 21}\n")));
  EXPECT_NE(plain, version({}, with("providers: {groq: {models: {big: {quota: {rpm: 29}}}}}\n")));
  House keyed;
  keyed.environment = {{"GROQ_API_KEY", "gsk_0123456789"}};
  EXPECT_NE(plain, version(keyed, with("")));
}

TEST(Names, AreFoundOrNone) {
  const auto policy = House{}(with("profiles: {coding: {}}\n")).policy;
  EXPECT_EQ(policy->profile_named("coding"), 1U);
  EXPECT_EQ(policy->profile_named("cod"), none);
  EXPECT_EQ(policy->provider_named("nobody"), none);
  EXPECT_EQ(policy->model_of(none, "big"), none);
  EXPECT_EQ(policy->model_of(policy->provider_named("groq"), "nothing"), none);
  EXPECT_EQ(strategy_named("expiring"), Strategy::expiring);
  EXPECT_EQ(strategy_named("random"), std::nullopt);
  EXPECT_EQ(name(Strategy::smartest), "smartest");
}

}  // namespace
}  // namespace freellmapi::policy::test
