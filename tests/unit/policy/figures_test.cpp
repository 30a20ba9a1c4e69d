#include <gtest/gtest.h>

#include "fixture.hpp"
#include "policy/show.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy::test {
namespace {

const std::string dated = R"(manifest: 1
id: dated
base_url: https://dated.example/v1
source: https://dated.example/limits
as_of: 2026-06-23
quota:
  - {limit: 50, of: requests, per: day}
  - {limit: 2, of: concurrency, source: measured, as_of: 2026-09-02}
models:
  m: {quota: {rpm: 10, tpm: 1000}}
  n: {source: a letter, quota: [{limit: 5, of: requests, per: day, as_of: 2026-10-01}]}
  e: {kind: embedding, dims: 1024, max_input: 8192}
)";

Outcome with_dated(const std::string& more) {
  House setup;
  setup.manifests.push_back({"dated", dated, "dated.so"});
  return setup("version: 1\nchain: [dated]\n" + more);
}

std::string origin(const Rule& rule) { return rule.label + ": " + rule.source + ", " + rule.as_of; }

TEST(Figures, APriceIsInThousandthsOfTheProvidersUnit) {
  const auto outcome =
      with_dated("providers: {dated: {models: {m: {cost: {input: 26668, output: 204805.5}}}}}");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  const ProviderIndex index = policy.provider_named("dated");
  const auto& price = policy.models[policy.model_of(index, "m")].price;
  ASSERT_TRUE(price.has_value());
  EXPECT_EQ(price->per_million_output, 204'805'500u);
  EXPECT_EQ(price->of(0, 0), 0u);
  EXPECT_EQ(price->of(1'000'000, 0), 26'668'000u);
  EXPECT_EQ(price->of(1, 1), 232u) << "rounded up";
  EXPECT_EQ(price->of(UINT64_MAX, UINT64_MAX), std::uint64_t{1} << 53) << "and never nonsense";
  EXPECT_FALSE(policy.models[policy.model_of(index, "n")].price.has_value());
  EXPECT_NE(show(policy).find("cost: {request: 0, input: 26668, output: 204805.5}"), std::string::npos);
}

TEST(Figures, APriceIsANumberWithAtMostThreeDecimals) {
  for (const std::string bad : {"-1", "1e3", "0.0001", ".5", "5.", "many", "1234567890123"}) {
    const auto outcome = with_dated("providers: {dated: {models: {m: {cost: {input: " + bad + "}}}}}");
    EXPECT_EQ(outcome.policy, nullptr) << bad;
  }
}

TEST(Figures, CarryTheSourceAndDateOfTheRuleElseTheModelElseTheManifest) {
  const auto outcome = with_dated("");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  const ProviderIndex index = policy.provider_named("dated");
  const Provider& provider = policy.providers[index];
  EXPECT_EQ(provider.source + " " + provider.as_of, "https://dated.example/limits 2026-06-23");
  EXPECT_EQ(origin(provider.quota[0]), "50 requests per day: https://dated.example/limits, 2026-06-23");
  EXPECT_EQ(origin(provider.quota[1]), "2 requests at a time: measured, 2026-09-02");
  const Model& m = policy.models[policy.model_of(index, "m")];
  EXPECT_EQ(m.source + " " + m.as_of, "https://dated.example/limits 2026-06-23");
  EXPECT_EQ(origin(m.quota[0]), "10 requests per minute: https://dated.example/limits, 2026-06-23");
  const Model& n = policy.models[policy.model_of(index, "n")];
  EXPECT_EQ(n.source + " " + n.as_of, "a letter 2026-06-23");
  EXPECT_EQ(origin(n.quota[0]), "5 requests per day: a letter, 2026-10-01");
  const Model& e = policy.models[policy.model_of(index, "e")];
  EXPECT_EQ(e.dims, 1024U);
  EXPECT_EQ(e.max_input, 8192U);
}

TEST(Figures, OfThePolicySayThatTheyAreThePolicys) {
  const auto outcome = with_dated(
      "providers: {dated: {quota: [{limit: 9, of: requests, per: day}], models: {m: {quota: {rpm: 3}}}}}\n");
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  const ProviderIndex index = policy.provider_named("dated");
  EXPECT_EQ(origin(policy.providers[index].quota[0]), "9 requests per day: policy, ");
  const Model& m = policy.models[policy.model_of(index, "m")];
  EXPECT_EQ(origin(m.quota[0]), "3 requests per minute: policy, ");
  EXPECT_EQ(origin(m.quota[1]), "1000 tokens per minute: https://dated.example/limits, 2026-06-23");
}

TEST(Figures, StandWithTheirSourceInThePolicyAsShown) {
  const std::string text = show(*with_dated("").policy);
  EXPECT_NE(text.find("scope: key}  # measured, 2026-09-02\n"), std::string::npos) << text;
  EXPECT_NE(text.find("        dims: 1024  # dated.so:12\n"), std::string::npos);
}

TEST(Figures, HaveADateThatIsADate) {
  EXPECT_EQ(
      faults(with("providers: {groq: {models: {big: {as_of: 2026-13-01, since: June}}}}\n")),
      "p.yaml:3:42: providers.groq.models.big.as_of: expected a date such as 2026-06-23, got "
      "\"2026-13-01\"\n"
      "p.yaml:3:61: providers.groq.models.big.since: expected a date such as 2026-06-23, got \"June\"\n");
  for (const char* good : {"2026-06-23", "2024-02-29", "1999-12-31"}) EXPECT_TRUE(is_date(good)) << good;
  for (const char* bad : {"", "2026-02-29", "2026-6-23", "2026-06-31", "2026-00-10", "2026/06/23", "20260623",
                          "2026-06-2x", "2026-06-230"}) {
    EXPECT_FALSE(is_date(bad)) << bad;
  }
}

}  // namespace
}  // namespace freellmapi::policy::test
