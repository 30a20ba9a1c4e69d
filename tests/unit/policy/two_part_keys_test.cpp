#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

House house_of_flare() {
  House setup;
  setup.manifests.push_back({"flare",
                             "manifest: 1\nid: flare\nbase_url: https://flare.example\n"
                             "keys: {env: [{name: FLARE_TOKEN, before: FLARE_ACCOUNT}]}\nmodels: {m: }\n",
                             "flare.so"});
  return setup;
}

std::string keys(const House& setup, const std::string& provider = {}) {
  const auto outcome = setup("version: 1\nchain: [flare]\nproviders: {flare: {" + provider + "}}\n");
  if (outcome.policy == nullptr) return texts(outcome);
  std::string out;
  const Policy& policy = *outcome.policy;
  for (const KeyIndex index : policy.providers[policy.provider_named("flare")].keys) {
    out += std::string(policy.keys[index].secret.reveal()) + " ";
  }
  return out + texts(outcome);
}

TEST(KeysOfTwoParts, AreTheAccountAColonAndTheToken) {
  House setup = house_of_flare();
  setup.environment = {{"FLARE_TOKEN", "token"},
                       {"FLARE_ACCOUNT", "account"},
                       {"FLARE_TOKEN_2", "second"},
                       {"FLARE_ACCOUNT_2", "other"},
                       {"FLARE_TOKEN_3", "third"}};
  EXPECT_EQ(keys(setup), "account:token other:second account:third ");
}

TEST(KeysOfTwoParts, MayStandWholeInOneVariable) {
  House setup = house_of_flare();
  setup.environment = {{"FLARE_TOKEN", "mine:token"}};
  EXPECT_EQ(keys(setup), "mine:token ");
}

TEST(KeysOfTwoParts, WithoutTheFirstPartAreNotUsedAndItSaysWhatIsMissing) {
  House setup = house_of_flare();
  setup.environment = {{"FLARE_TOKEN", "token"}};
  EXPECT_EQ(keys(setup),
            "p.yaml: warning: flare (env FLARE_TOKEN): not used, because FLARE_ACCOUNT is not set\n");
}

TEST(KeysOfTwoParts, InListsArePairedInOrder) {
  House setup = house_of_flare();
  setup.environment = {{"FLARE_TOKEN", "a,b"}, {"FLARE_ACCOUNT", "x, y"}};
  EXPECT_EQ(keys(setup), "x:a y:b ");
  setup.environment = {{"FLARE_TOKEN", "a,b,c"}, {"FLARE_ACCOUNT", "x, y"}};
  EXPECT_EQ(keys(setup),
            "x:a y:b p.yaml: warning: flare (env FLARE_TOKEN): not used, because FLARE_ACCOUNT holds fewer "
            "values\n");
}

TEST(KeysOfTwoParts, AreTheSameWhenThePolicyNamesTheVariable) {
  House setup = house_of_flare();
  setup.environment = {
      {"FLARE_TOKEN_2", "token"}, {"FLARE_ACCOUNT_2", "account"}, {"MINE", "m"}, {"OURS", "o"}};
  EXPECT_EQ(keys(setup, "keys: [{env: FLARE_TOKEN_2}, {env: MINE, before: OURS}]"), "account:token o:m ");
  EXPECT_EQ(keys(setup, "keys: [{file: /x, before: OURS}]"),
            "p.yaml:3:28: providers.flare.keys[0]: 'before' goes with 'env': both are variables\n"
            "p.yaml:3:35: warning: providers.flare.keys[0].file: the file /x cannot be read or is empty\n");
}

TEST(KeysOfTwoParts, FromElsewhereAreWarnedAboutWhenTheyAreOne) {
  House setup = house_of_flare();
  setup.vault = {{"flare/home", "token"}};
  EXPECT_EQ(
      keys(setup, "keys: [{vault: home}]"),
      "token p.yaml:3:36: warning: flare home (vault home): has no ':' between two parts as keys of this "
      "provider have\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
