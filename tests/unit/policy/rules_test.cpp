#include "policy/rules.hpp"

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

using namespace std::chrono_literals;

const Model& model_of(const Policy& policy, const std::string& provider, const std::string& id) {
  return policy.models.at(policy.model_of(policy.provider_named(provider), id));
}

std::string labels(const std::vector<Rule>& rules) {
  std::string out;
  for (const Rule& rule : rules) out += (out.empty() ? "" : "; ") + rule.label;
  return out;
}

TEST(Shorthand, TakesScopeResetsAndTheTokenUnitFromTheManifest) {
  const auto outcome = House{}(with(""));
  const auto& quota = model_of(*outcome.policy, "google", "gemini-2.5-flash").quota;
  ASSERT_EQ(labels(quota), "10 requests per minute; 250 requests per day; 250000 input tokens per minute");
  EXPECT_EQ(quota[0].reset, Reset::rolling);
  EXPECT_EQ(quota[0].length, 60s);
  EXPECT_EQ(quota[0].scope, Scope::account);
  EXPECT_EQ(quota[1].reset, Reset::wall_clock);
  EXPECT_EQ(quota[1].zone, "America/Los_Angeles");
  EXPECT_EQ(quota[1].at, 0min);
  EXPECT_EQ(quota[2].of, Unit::input_tokens);
}

TEST(Shorthand, OfThePolicyChangesTheRulesItNamesAndLeavesTheOthers) {
  const auto outcome = House{}(with(R"(providers:
  groq:
    models:
      big:
        quota: {rpm: 5, tpm: none, tpd: 100, concurrency: 2}
)"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const auto& quota = model_of(*outcome.policy, "groq", "big").quota;
  EXPECT_EQ(labels(quota),
            "5 requests per minute; 1000 requests per day; 100 tokens per day; 2 requests at a time");
  EXPECT_EQ(quota[0].scope, Scope::account);
  EXPECT_EQ(quota[2].reset, Reset::wall_clock);
  EXPECT_EQ(quota[3].of, Unit::concurrency);
  EXPECT_EQ(quota[3].length, 0s);
}

TEST(Shorthand, KnowsEveryWindow) {
  const auto outcome = House{}(with(R"(providers:
  box:
    plugin: custom
    base_url: http://box.example/v1
    models:
      m: {quota: {rps: 1, rpm: 2, rph: 3, rpd: 4, rpw: 5, rpmo: 6, tps: 7, tpm: 8, tph: 9, tpd: 10, tpw: 11, tpmo: 12}}
)"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const auto& quota = model_of(*outcome.policy, "box", "m").quota;
  EXPECT_EQ(
      labels(quota),
      "1 request per second; 2 requests per minute; 3 requests per hour; 4 requests per day; 5 requests per "
      "week; "
      "6 requests per month; 7 tokens per second; 8 tokens per minute; 9 tokens per hour; 10 tokens per day; "
      "11 tokens per week; 12 tokens per month");
  for (const Rule& rule : quota) {
    EXPECT_EQ(rule.reset, Reset::rolling) << "what no calendar is known for must keep inside every calendar";
    EXPECT_EQ(rule.scope, Scope::key);
  }
}

TEST(RuleList, IsTheWholeTruth) {
  const auto outcome = House{}(with(R"(providers:
  groq:
    quota:
      - {limit: 1000, of: requests, per: day, scope: key, resets: "00:00 UTC"}
      - {limit: 2, of: concurrency, scope: key}
      - {limit: 50, of: output_tokens, per: rolling 5h, resets: first-use, note: seen in May}
      - {limit: 9, of: requests, per: week, pool: shared}
    models: {big: {quota: []}}
)"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  const auto& quota = policy.providers[policy.provider_named("groq")].quota;
  EXPECT_EQ(labels(quota),
            "1000 requests per day; 2 requests at a time; 50 output tokens in any 5h (seen in May); "
            "9 requests per week");
  EXPECT_EQ(quota[0].scope, Scope::key);
  EXPECT_EQ(quota[2].per, Per::rolling);
  EXPECT_EQ(quota[2].length, 5h);
  EXPECT_EQ(quota[2].reset, Reset::first_use);
  EXPECT_EQ(quota[2].scope, Scope::account) << "the provider's counters say so";
  EXPECT_EQ(quota[3].scope, Scope::pool);
  EXPECT_EQ(quota[3].pool, "shared");
  EXPECT_TRUE(model_of(policy, "groq", "big").quota.empty());
}

TEST(RuleList, TakesTheUnitsThatTheProvidersManifestUses) {
  const auto outcome = House{}(with("providers: {google: {quota: [{limit: 5, of: neurons, per: hour}]}}\n"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const Policy& policy = *outcome.policy;
  const Rule& rule = policy.providers[policy.provider_named("google")].quota.front();
  EXPECT_EQ(rule.of, Unit::own);
  EXPECT_EQ(rule.own_unit, "neurons");
  EXPECT_EQ(rule.label, "5 neurons per hour");
}

TEST(RuleList, SaysWhatARuleLacksOrHasTooMuch) {
  EXPECT_EQ(faults(with(R"(providers:
  groq:
    quota:
      - {of: requests, per: day}
      - {limit: 1, per: day}
      - {limit: 1, of: requests}
      - {limit: 0, of: requests, per: day}
      - {limit: 1, of: concurrency, per: day}
      - {limit: 1, of: requests, per: minute, resets: "00:00 UTC"}
      - {limit: 1, of: requests, per: rolling 500ms}
      - {limit: 1, of: requests, per: fortnight}
      - {limit: 1, of: requests, per: day, scope: pool}
      - {limit: 1, of: requests, per: day, scope: keys}
)")),
            "p.yaml:6:9: providers.groq.quota[0]: the rule needs a 'limit'\n"
            "p.yaml:7:9: providers.groq.quota[1]: the rule needs 'of': what it counts\n"
            "p.yaml:8:9: providers.groq.quota[2]: the rule needs 'per': the length of its window\n"
            "p.yaml:9:17: providers.groq.quota[3].limit: must be between 1 and 1000000000000000, got 0\n"
            "p.yaml:10:42: providers.groq.quota[4].per: concurrency has no window: leave out 'per'\n"
            "p.yaml:11:55: providers.groq.quota[5].resets: a wall-clock reset goes with day, week or month\n"
            "p.yaml:12:39: providers.groq.quota[6].per: expected second, minute, hour, day, week, month or a "
            "length "
            "such as \"rolling 5h\", got \"rolling 500ms\"\n"
            "p.yaml:13:39: providers.groq.quota[7].per: expected second, minute, hour, day, week, month or a "
            "length "
            "such as \"rolling 5h\", got \"fortnight\"\n"
            "p.yaml:14:51: providers.groq.quota[8].scope: the rule needs 'pool': the pool's name\n"
            "p.yaml:15:51: providers.groq.quota[9].scope: expected key, account, ip, model or pool, got "
            "\"keys\" (did "
            "you mean 'key'?)\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
