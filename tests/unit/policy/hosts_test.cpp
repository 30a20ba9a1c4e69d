#include <gtest/gtest.h>

#include "fixture.hpp"
#include "policy/show.hpp"

namespace freellmapi::policy::test {
namespace {

const std::string two_hosts = R"(manifest: 1
id: glm
base_url: https://cn.example/v4
hosts: {zai: https://global.example/v4}
probe_url: https://probe.example
keys: {env: [GLM_KEY, {name: ZAI_KEY, host: zai}]}
models: {m: }
)";

House house_of_glm() {
  House setup;
  setup.manifests.push_back({"glm", two_hosts, "glm.so"});
  setup.environment = {{"GLM_KEY", "one"}, {"ZAI_KEY", "two"}, {"ZAI_KEY_2", "three"}};
  return setup;
}

// "base probe name=url ... | label@host ..."
std::string hosts(const Outcome& outcome, const std::string& id = "glm") {
  if (outcome.policy == nullptr) return texts(outcome);
  const Policy& policy = *outcome.policy;
  const Provider& provider = policy.providers[policy.provider_named(id)];
  std::string out = provider.base_url + " " + provider.probe_url;
  for (const Host& host : provider.hosts) out += " " + host.name + "=" + host.url;
  out += " |";
  for (const KeyIndex key : provider.keys) {
    out += " " + std::string(policy.keys[key].secret.reveal()) + "@" + std::to_string(policy.keys[key].host);
  }
  return out;
}

std::string hosts_with(const std::string& provider) {
  return hosts(house_of_glm()("version: 1\nchain: [glm]\nproviders: {glm: {" + provider + "}}\n"));
}

TEST(Hosts, OfAManifestStandBesideItsBaseUrlAndAKeyMayStartAtOne) {
  EXPECT_EQ(
      hosts_with(""),
      "https://cn.example/v4 https://probe.example zai=https://global.example/v4 | one@0 two@1 three@1");
}

TEST(Hosts, AreGoneWhenThePolicyNamesABaseUrlOfItsOwn) {
  EXPECT_EQ(hosts_with("base_url: \"https://mine.example/v1\""),
            "https://mine.example/v1  | one@0 two@0 three@0");
}

TEST(Hosts, OfThePolicyReplaceThoseOfTheManifest) {
  EXPECT_EQ(hosts_with("base_url: \"https://a.example\", hosts: {zai: \"https://b.example\", c: "
                       "\"https://c.example/\"}, probe_url: \"https://p.example\""),
            "https://a.example https://p.example zai=https://b.example c=https://c.example | one@0 two@1 "
            "three@1");
}

TEST(Hosts, MayBeNamedByAKeyOfThePolicy) {
  EXPECT_EQ(hosts_with("keys: [{env: GLM_KEY, host: zai}, {env: ZAI_KEY_2}]"),
            "https://cn.example/v4 https://probe.example zai=https://global.example/v4 | one@1 three@1");
  EXPECT_EQ(
      hosts_with("keys: [{env: GLM_KEY, host: zia}]"),
      "p.yaml:3:47: providers.glm.keys[0].host: glm has no host 'zia' in 'hosts' (did you mean 'zai'?)\n");
}

TEST(Hosts, AtAPrivateAddressAreRefusedAsABaseUrlThereWouldBe) {
  EXPECT_EQ(hosts_with("hosts: {zai: \"http://10.0.0.1/v1\"}"),
            "p.yaml:3:32: providers.glm.hosts.zai: a private address is for custom endpoints; 'local: true' "
            "beside it allows it here\n");
  const auto outcome = house_of_glm()(
      "version: 1\nchain: [glm]\nproviders: {glm: {hosts: {zai: \"http://127.0.0.1:1/v1\"}}}\n");
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:3:32: warning: providers.glm.hosts.zai: requests and keys of glm go to a program on this "
            "machine\n");
  const Provider& glm = outcome.policy->providers[outcome.policy->provider_named("glm")];
  EXPECT_TRUE(glm.hosts[0].local_allowed);
  EXPECT_FALSE(glm.local_allowed) << "what one host may do, the other may not";
}

TEST(Hosts, AreAtMostFourWithNames) {
  EXPECT_EQ(hosts_with("hosts: {a: \"http://a\", b: \"http://b\", c: \"http://c\", d: \"http://d\", e: "
                       "\"http://e\"}"),
            "p.yaml:3:26: providers.glm.hosts: at most 4 entries are allowed, got 5\n");
  EXPECT_EQ(hosts_with("hosts: {A: \"http://a\"}"),
            "p.yaml:3:27: providers.glm.hosts.A: a host's name has 1 to 64 characters a-z, 0-9 and '-'\n");
}

TEST(Hosts, ThatAKeyOfTheManifestNamesMustBeThere) {
  House setup;
  setup.manifests.push_back({"glm",
                             "manifest: 1\nid: glm\nbase_url: https://x/v1\n"
                             "keys: {env: [{name: A, host: b}, {before: C}]}\nhosts: {c: https://c}\n",
                             "glm.so"});
  EXPECT_EQ(texts(setup(with(""))),
            "glm.so:1:1: warning: keys.env: 'hosts' does not name 'b'; the provider 'glm' is off\n"
            "glm.so:4:34: warning: keys.env[1]: the entry needs 'name': the variable that holds the key; the "
            "provider 'glm' is off\n");
}

TEST(Hosts, AreInThePolicyAsShown) {
  const auto first = house_of_glm()("version: 1\nchain: [glm]\n");
  const std::string text = show(*first.policy);
  EXPECT_NE(text.find("    hosts:  # glm.so:4\n      zai: \"https://global.example/v4\"  # glm.so:4\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("    probe_url: \"https://probe.example\"  # glm.so:5\n"), std::string::npos);
  const auto second = house_of_glm()(text);
  ASSERT_NE(second.policy, nullptr) << texts(second);
  EXPECT_EQ(first.policy->version, second.policy->version);
}

TEST(Hosts, ThatKeysReachInTheClearAreNamed) {
  const auto said = [](const std::string& provider) {
    return texts(house_of_glm()("version: 1\nchain: [glm]\nproviders: {glm: {" + provider + "}}\n"));
  };
  const std::string clear = "keys and prompts of glm go to this address in the clear";
  for (const char* provider :
       {"base_url: \"http://far.example/v1\"", "base_url: \"HTTP://far.example:8080\"",
        "local: true, base_url: \"http://192.168.1.20:8080/v1\"", "probe_url: \"http://far.example\"",
        "base_url: \"https://a.example\", hosts: {b: \"http://far.example\"}"})
    EXPECT_NE(said(provider).find(clear), std::string::npos) << provider << ": " << said(provider);
  EXPECT_NE(said("base_url: \"https://a.example\", hosts: {b: \"http://far.example\"}").find("hosts.b"),
            std::string::npos);
  for (const char* provider :
       {"base_url: \"https://far.example/v1\"", "base_url: \"http://127.0.0.1:8080/v1\"",
        "base_url: \"http://localhost:8080\"", "base_url: \"http://[::1]:8080\"",
        "keys: [], base_url: \"http://far.example/v1\""})
    EXPECT_EQ(said(provider).find("in the clear"), std::string::npos) << provider << ": " << said(provider);
}

}  // namespace
}  // namespace freellmapi::policy::test
