#include <gtest/gtest.h>

#include <set>

#include "fixture.hpp"
#include "policy/show.hpp"

namespace freellmapi::policy::test {
namespace {

// "label=secret (source)" of each key of a provider.
std::string keys(const Outcome& outcome, const std::string& provider) {
  std::string out;
  const Policy& policy = *outcome.policy;
  for (const KeyIndex index : policy.providers[policy.provider_named(provider)].keys) {
    const Key& key = policy.keys[index];
    out += (out.empty() ? "" : ", ") + key.label + "=" + std::string(key.secret.reveal()) + " (" +
           key.source + ")";
  }
  return out;
}

TEST(Keys, AreFoundUnderEveryNameOfTheManifestInOrderWithoutDuplicates) {
  House setup;
  setup.environment = {{"GOOGLE_API_KEY", "one"},
                       {"GEMINI_API_KEY_2", "three"},
                       {"GEMINI_API_KEY", "one, two,,two"},
                       {"GEMINI_API_KEY_99", "last"},
                       {"GEMINI_API_KEY_100", "beyond"}};
  EXPECT_EQ(
      keys(setup(with("")), "google"),
      "key1=one (env GEMINI_API_KEY), key2=two (env GEMINI_API_KEY), key3=three (env GEMINI_API_KEY_2), "
      "key4=last (env GEMINI_API_KEY_99)");
}

TEST(Keys, OfTheVaultAreUsedUnderTheirOwnLabelsBeforeThoseOfTheEnvironment) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_environment,gsk_home_home"}};
  setup.vault = {{"groq/home", "gsk_home_home"}, {"groq/key1", "gsk_work_work"}, {"google/x", "other"}};
  const auto outcome = setup(with(""));
  EXPECT_EQ(keys(outcome, "groq"),
            "home=gsk_home_home (vault home), key1=gsk_work_work (vault key1), key3=gsk_environment (env "
            "GROQ_API_KEY)");
  const auto& duplicates = outcome.policy->providers[outcome.policy->provider_named("groq")].duplicates;
  ASSERT_EQ(duplicates.size(), 1U);
  EXPECT_EQ(duplicates.front(), (std::pair<std::string, std::string>("env GROQ_API_KEY", "home")));
}

TEST(Keys, ThatAreEmptyAreNotSet) {
  House setup;
  setup.environment = {{"GEMINI_API_KEY", ""}, {"GOOGLE_API_KEY", " \n"}};
  const auto outcome = setup(with(""));
  EXPECT_EQ(keys(outcome, "google"), "");
  EXPECT_EQ(texts(outcome), "");
}

TEST(Keys, AreTakenFromTheReferencesAloneWhenThereAreAny) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_environment"}, {"WORK", "gsk_work_work"}};
  setup.vault = {{"groq/home", "gsk_home_home"}};
  setup.files = {{"/run/key", "gsk_file_file\n"}};
  const auto outcome =
      setup(with("providers: {groq: {keys: [{vault: home}, {env: WORK, label: job}, {file: /run/key}]}}\n"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(keys(outcome, "groq"),
            "home=gsk_home_home (vault home), job=gsk_work_work (env WORK), key3=gsk_file_file (file)");
  EXPECT_EQ(texts(outcome), "");
}

TEST(Keys, ThatAreMissingAreWarningsWithTheirName) {
  const auto outcome =
      House{}(with("providers:\n  groq:\n    keys: [{env: NOT_SET}, {file: /none}, {vault: work}]\n"));
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:5:18: warning: providers.groq.keys[0].env: the variable NOT_SET is not set\n"
            "p.yaml:5:35: warning: providers.groq.keys[1].file: the file /none cannot be read or is empty\n"
            "p.yaml:5:51: warning: providers.groq.keys[2].vault: the vault has no key 'work' for groq that "
            "is switched on\n");
}

TEST(Keys, OfTheWrongShapeAreWarnedAboutByLabelNeverByValue) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "sk-something-else"},
                       {"GROQ_API_KEY_2", "gsk_short"},
                       {"GROQ_API_KEY_3", "gsk_with a space"}};
  const auto outcome = setup(with(""));
  EXPECT_EQ(texts(outcome),
            "p.yaml: warning: groq key1 (env GROQ_API_KEY): does not begin with 'gsk_' as keys of this "
            "provider do\n"
            "p.yaml: warning: groq key2 (env GROQ_API_KEY_2): is shorter than keys of this provider are\n"
            "p.yaml: warning: groq key3 (env GROQ_API_KEY_3): not used, because it holds characters that no "
            "key has "
            "or is too long\n");
  EXPECT_EQ(keys(outcome, "groq"),
            "key1=sk-something-else (env GROQ_API_KEY), key2=gsk_short (env GROQ_API_KEY_2)");
}

TEST(Keys, OfASecondAccountHaveAVariableOfTheirOwn) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_first_first"}, {"GROQ_WORK_API_KEY", "gsk_second_second"}};
  const auto outcome = setup(with("providers: {groq-work: {plugin: groq}}\n"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(keys(outcome, "groq"), "key1=gsk_first_first (env GROQ_API_KEY)");
  EXPECT_EQ(keys(outcome, "groq-work"), "key1=gsk_second_second (env GROQ_WORK_API_KEY)");
  const auto& second = outcome.policy->providers[outcome.policy->provider_named("groq-work")];
  EXPECT_EQ(second.plugin, "groq");
  EXPECT_EQ(second.base_url, "https://api.groq.com/openai/v1");
  EXPECT_EQ(second.models.size(), 5U);
}

TEST(Keys, AreAtMostTwoHundredAndFiftySixOfAProvider) {
  House setup;
  for (int i = 0; i < 1000; ++i)
    setup.environment["GEMINI_API_KEY"] += "key-number-" + std::to_string(i) + ",";
  const auto outcome = setup(with(""));
  EXPECT_EQ(outcome.policy->keys.size(), 256U);
  const std::string said =
      "google (env GEMINI_API_KEY): more than 256 keys of one provider; the others are left out";
  EXPECT_NE(texts(outcome).find(said), std::string::npos) << texts(outcome);
}

TEST(Keys, ThatAreAllUsedAreNotSaidToBeTooMany) {
  House setup;
  for (int i = 0; i < 256; ++i)
    setup.environment["GEMINI_API_KEY"] += "key-number-" + std::to_string(i) + ",";
  setup.environment["GEMINI_API_KEY_2"] = "key-number-7";
  const auto outcome = setup(with(""));
  EXPECT_EQ(outcome.policy->keys.size(), 256U);
  EXPECT_EQ(texts(outcome).find("left out"), std::string::npos) << texts(outcome);
}

TEST(Fingerprint, IsStableAndDiffersByProviderAndSecret) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_same_same"}, {"GEMINI_API_KEY", "gsk_same_same,other"}};
  std::set<std::uint64_t> seen;
  const auto outcome = setup(with(""));
  for (const Key& key : outcome.policy->keys) seen.insert(key.fingerprint);
  EXPECT_EQ(seen.size(), 3U);
  // The ledger's file outlives the program: a change here would forget every count.
  setup.environment = {{"GROQ_API_KEY", "gsk_same_same"}};
  EXPECT_EQ(setup(with("")).policy->keys.front().fingerprint, 11137616056736669587U);
}

TEST(Secrets, AreInNoTextOfThePolicy) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_very_secret"}};
  const auto outcome = setup(with("providers: {groq: {proxy: \"socks5h://me:hidden@127.0.0.1:1080\"}}\n"));
  ASSERT_NE(outcome.policy, nullptr);
  const std::string all = show(*outcome.policy) + canonical(*outcome.policy) + texts(outcome);
  EXPECT_EQ(all.find("very_secret"), std::string::npos);
  EXPECT_EQ(all.find("hidden"), std::string::npos);
  EXPECT_NE(all.find("socks5h://127.0.0.1:1080"), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::policy::test
