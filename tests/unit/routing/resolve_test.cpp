#include "counted_new.hpp"
#include "routing/pin.hpp"
#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Resolve : public Routing {
 protected:
  Resolve() {
    provider("groq", 1);
    model("llama-3.3-70b-versatile").family = "llama-3.3-70b";
    model("meta/llama-guard").family = "guard";
    provider("cerebras", 1);
    model("llama-3.3-70b").family = "llama-3.3-70b";
    model("qwen").enabled = false;
    provider("box", 1);
    policy.providers.back().any_model = true;
    policy.providers.back().any = 4;
    policy::Model any;
    any.provider = 2;
    any.enabled = false;
    policy.models.push_back(any);
    chain({{2, 0ms}, {0, 0ms}});
    policy.chains.push_back({"coding", {{0, 0ms}}, policy::Strategy::fastest});
    policy.aliases = {{"gpt-4o", "auto"}, {"claude", "auto:coding"}, {"small", "groq/meta/llama-guard"}};
  }
  /// Chain and strategy, or the models.
  std::string meaning(std::string_view word) {
    const auto found = resolve(policy, word);
    if (!found) return found.error().message;
    if (found->automatic()) {
      return policy.chains[found->chain].name + " by " + std::string{policy::name(found->strategy)};
    }
    std::string out;
    for (const auto m : found->models) out += text({m, policy::none, 0ms}) + ' ';
    return out + found->passed_model;
  }
};

TEST_F(Resolve, WhatIsFoundOutOnceIsWhatWouldBeFoundOutNow) {
  const Names names(policy);
  for (const char* word :
       {"auto", "auto:coding", "auto:fastest", "gpt-4o", "claude", "small", "groq/llama-3.3-70b-versatile",
        "meta/llama-guard", "llama-3.3-70b", "guard", "cerebras/qwen", "qwen"}) {
    const unsigned long before = allocations();
    const Target* const found = names.find(word);
    EXPECT_EQ(allocations(), before);
    ASSERT_NE(found, nullptr) << word;
    const auto now = resolve(policy, word);
    ASSERT_TRUE(now.has_value()) << word;
    EXPECT_EQ(found->chain, now->chain) << word;
    EXPECT_EQ(found->strategy, now->strategy) << word;
    EXPECT_EQ(found->models, now->models) << word;
    EXPECT_EQ(found->passed_model, now->passed_model) << word;
  }
  for (const char* word : {"LLAMA-3.3-70B", "box/anything", "nothing", ""})
    EXPECT_EQ(names.find(word), nullptr);
}

TEST_F(Resolve, APinFindsItsModelAndKeyAgain) {
  const Names names(policy);
  for (policy::ModelIndex m = 0; m < policy.models.size(); ++m) {
    const policy::KeyIndex key = policy.providers[policy.models[m].provider].keys[0];
    const Candidate again = pinned_candidate(policy, names, pin_of(policy, names, m, key));
    EXPECT_EQ(again.model, m);
    EXPECT_EQ(again.key, key);
  }
  EXPECT_EQ(pinned_candidate(policy, names, {1, 2, 3}).model, policy::none);
}

TEST_F(Resolve, AutoIsTheDefaultChain) { EXPECT_EQ(meaning("auto"), "default by priority"); }

TEST_F(Resolve, AutoWithAProfileIsTheProfilesChainAndStrategy) {
  EXPECT_EQ(meaning("auto:coding"), "coding by fastest");
}

TEST_F(Resolve, AutoWithAStrategyIsTheDefaultChainByThatStrategy) {
  EXPECT_EQ(meaning("auto:smartest"), "default by smartest");
}

TEST_F(Resolve, AProviderAndAModelIsThatModelAlone) {
  EXPECT_EQ(meaning("groq/llama-3.3-70b-versatile"), "groq/llama-3.3-70b-versatile ");
  EXPECT_EQ(meaning("groq/meta/llama-guard"), "groq/meta/llama-guard ");
  EXPECT_EQ(meaning("cerebras/qwen"), "cerebras/qwen ") << "the decision says that it is off";
}

TEST_F(Resolve, ABareIdMayHoldASlash) { EXPECT_EQ(meaning("meta/llama-guard"), "groq/meta/llama-guard "); }

TEST_F(Resolve, AnIdOfOneProviderDoesNotBecomeAnothersModel) {
  EXPECT_EQ(meaning("llama-3.3-70b-versatile"), "groq/llama-3.3-70b-versatile ");
}

TEST_F(Resolve, AFamilyIsEveryProviderThatServesItInTheChainsOrderWhateverItsCase) {
  EXPECT_EQ(meaning("Llama-3.3-70B"), "cerebras/llama-3.3-70b groq/llama-3.3-70b-versatile ");
}

TEST_F(Resolve, AnAliasStandsForWhatItNames) {
  EXPECT_EQ(meaning("gpt-4o"), "default by priority");
  EXPECT_EQ(meaning("claude"), "coding by fastest");
  EXPECT_EQ(meaning("small"), "groq/meta/llama-guard ");
}

TEST_F(Resolve, AProviderThatTakesAnyNameIsSentTheName) {
  EXPECT_EQ(meaning("box/vendor/new-model:8b"), "box/ vendor/new-model:8b");
}

TEST_F(Resolve, AnUnknownNameIsAnErrorWithAtMostThreeNearOnes) {
  EXPECT_EQ(meaning("groq/llama-3.3-70b-versatil"),
            "the model 'groq/llama-3.3-70b-versatil' does not exist; did you mean "
            "'groq/llama-3.3-70b-versatile' or "
            "'llama-3.3-70b-versatile'?");
  EXPECT_EQ(meaning("auto:codign"), "the model 'auto:codign' does not exist; did you mean 'auto:coding'?");
  EXPECT_EQ(meaning("xyzzy-9000-turbo-extended"),
            "the model 'xyzzy-9000-turbo-extended' does not exist; GET /v1/models lists those that do");
  EXPECT_EQ(resolve(policy, "nothing").error().code, base::Errc::not_found);
}

TEST_F(Resolve, EmptyAndHalfNamesAreUnknown) {
  for (const char* word : {"", "/", "groq/", "/qwen", "box/", "auto:"}) {
    EXPECT_FALSE(resolve(policy, word).has_value()) << word;
  }
}

TEST_F(Resolve, AMessageCarriesNoControlCharactersOfTheClient) {
  EXPECT_EQ(resolve(policy, "a\n\x1b[31m").error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::routing::testing
