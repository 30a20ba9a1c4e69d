#include "policy/manifest.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

TEST(Manifest, WithFaultsSwitchesItsProviderOffAndNothingElse) {
  House setup;
  setup.manifests[1].yaml =
      "manifest: 1\nid: groq\nbase_url: https://x/v1\nmodles: {}\nmodels: {a: {rank: one}}\n";
  const auto outcome = setup("version: 1\nchain: [groq, groq/a, google]\n");
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:2:9: warning: chain[0]: groq is passed over: it is off (its manifest has faults)\n"
            "p.yaml:2:15: warning: chain[1]: groq is passed over: it is off (its manifest has faults)\n"
            "groq.so:4:1: warning: modles: unknown key (did you mean 'models'?); the provider 'groq' is off\n"
            "groq.so:5:20: warning: models.a.rank: expected a whole number, got \"one\"; the provider 'groq' "
            "is off\n");
  const Provider& groq = outcome.policy->providers[outcome.policy->provider_named("groq")];
  EXPECT_FALSE(groq.enabled);
  EXPECT_EQ(groq.why_off, "its manifest has faults");
  EXPECT_EQ(steps(*outcome.policy, outcome.policy->chains[0]), "google/gemini-2.5-flash");
}

TEST(Manifest, ThatIsHostileSwitchesItsProviderOff) {
  for (const std::string& yaml : {std::string(100'000, '['), std::string("a: &a [*a]"),
                                  std::string(2 << 20, 'a'), std::string("\xff"), std::string()}) {
    House setup;
    setup.manifests[1].yaml = yaml;
    const auto outcome = setup("version: 1\nchain: [google]\n");
    ASSERT_NE(outcome.policy, nullptr);
    EXPECT_FALSE(outcome.policy->providers[outcome.policy->provider_named("groq")].enabled);
    EXPECT_FALSE(outcome.diagnostics.empty());
  }
}

TEST(Manifest, OfAnotherProviderIsRefused) {
  House setup;
  setup.manifests[1].yaml = google_manifest;
  EXPECT_EQ(texts(setup("version: 1\nchain: [google]\n")),
            "groq.so:1:1: warning: its id is 'google', but the plugin calls the provider 'groq'; the "
            "provider 'groq' "
            "is off\n");
}

TEST(Manifest, ThatComesTwiceCountsOnce) {
  House setup;
  setup.manifests.push_back({"groq", groq_manifest, "other.so"});
  const auto outcome = setup(with(""));
  EXPECT_EQ(texts(outcome), "other.so: warning: the provider 'groq' is there already\n");
  EXPECT_EQ(outcome.policy->providers.size(), 3U);
}

TEST(Manifest, MaySwitchItsProviderOffAndThePolicyOnAgain) {
  House setup;
  setup.manifests[1].yaml =
      "manifest: 1\nid: groq\nbase_url: https://x/v1\nenabled: false\nwhy_off: free tier ended\nsince: "
      "2026-06-06\n"
      "models: {a: }\n";
  const auto off = setup("version: 1\nchain: [groq, google]\n");
  ASSERT_NE(off.policy, nullptr);
  EXPECT_EQ(
      texts(off),
      "p.yaml:2:9: warning: chain[0]: groq is passed over: it is off (free tier ended (since 2026-06-06))\n");
  const auto on = setup("version: 1\nchain: [groq]\nproviders: {groq: {enabled: true}}\n");
  ASSERT_NE(on.policy, nullptr) << texts(on);
  EXPECT_EQ(steps(*on.policy, on.policy->chains[0]), "groq/a");
}

TEST(Manifest, OfALocalPluginNeedsNoAddress) {
  const auto policy = House{}(with("")).policy;
  const Provider& sandbox = policy->providers[policy->provider_named("sandbox")];
  EXPECT_TRUE(sandbox.answers_itself);
  EXPECT_TRUE(sandbox.keyless);
  EXPECT_FALSE(sandbox.local_allowed);
  EXPECT_FALSE(sandbox.any_model);
}

TEST(Manifest, OfEveryPluginInTheTreeIsGood) {
  std::size_t read = 0;
  for (const auto& folder : std::filesystem::directory_iterator(PLUGINS_FOLDER)) {
    const auto path = folder.path() / "manifest.yaml";
    if (!std::filesystem::exists(path)) continue;
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::vector<Diagnostic> diagnostics;
    const std::string id = folder.path().filename().string();
    const Manifest manifest = read_manifest({id, text.str(), id + "/manifest.yaml"}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
    EXPECT_FALSE(manifest.faulty);
    ++read;
  }
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace freellmapi::policy::test
