// Explanations, counters and the month's budget, without a wire.
#include <gtest/gtest.h>

#include "surfaces/ops/budget.hpp"
#include "surfaces/ops/explanation.hpp"
#include "surfaces/ops/quota_report.hpp"

namespace freellmapi::surfaces {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime noon{std::chrono::milliseconds{1'767'268'800'000}};  // 2026-01-01T12:00:00Z

policy::Rule daily(std::uint64_t limit, policy::Unit of, policy::Scope scope = policy::Scope::key,
                   std::string pool = {}) {
  policy::Rule r;
  r.limit = limit;
  r.of = of;
  r.per = policy::Per::day;
  r.length = 24h;
  r.reset = policy::Reset::wall_clock;
  r.zone = "UTC";
  r.scope = scope;
  r.pool = std::move(pool);
  r.label = std::to_string(limit) + " per day";
  r.source = "https://provider.example/limits";
  r.as_of = "2026-06-01";
  return r;
}

struct House {
  policy::Policy policy;
  House() {
    policy.version = "0123456789ab";
    policy.chains.push_back({"default", {}, policy::Strategy::priority});
  }
  House& provider(const std::string& id, unsigned keys, std::vector<policy::Rule> rules = {}) {
    policy::Provider p;
    p.id = p.plugin = id;
    p.quota = std::move(rules);
    for (unsigned i = 0; i < keys; ++i) {
      policy::Key key;
      key.provider = static_cast<policy::ProviderIndex>(policy.providers.size());
      key.label = "key" + std::to_string(i + 1);
      key.fingerprint = policy.keys.size() + 1;
      p.keys.push_back(static_cast<policy::KeyIndex>(policy.keys.size()));
      policy.keys.push_back(std::move(key));
    }
    policy.providers.push_back(std::move(p));
    return *this;
  }
  House& model(const std::string& id, std::vector<policy::Rule> rules = {}) {
    policy::Model m;
    m.id = id;
    m.provider = static_cast<policy::ProviderIndex>(policy.providers.size() - 1);
    m.quota = std::move(rules);
    policy.chains[0].steps.push_back({static_cast<policy::ModelIndex>(policy.models.size()), 0ms});
    policy.providers.back().models.push_back(static_cast<policy::ModelIndex>(policy.models.size()));
    policy.models.push_back(std::move(m));
    return *this;
  }
};
using policy::Scope;
using policy::Unit;

TEST(Budget, CountsASharedPoolOnceAndAnAccountOverAllItsModels) {
  House house;
  house.provider("a", 2).model("m", {daily(1'000, Unit::tokens)}).model("n", {daily(500, Unit::tokens)});
  EXPECT_EQ(month_budget(house.policy, 0).tokens, 2u * 30 * 1'500) << "per key and model";
  House pooled;
  pooled.provider("a", 2)
      .model("m", {daily(1'000, Unit::tokens, Scope::pool, "shared")})
      .model("n", {daily(1'000, Unit::tokens, Scope::pool, "shared")});
  EXPECT_EQ(month_budget(pooled.policy, 0).tokens, 30'000u);
  House account;
  account.provider("a", 2, {daily(1'200, Unit::tokens, Scope::account)})
      .model("m", {daily(1'000, Unit::tokens)})
      .model("n", {daily(1'000, Unit::tokens)});
  EXPECT_EQ(month_budget(account.policy, 0).tokens, 36'000u);
}

TEST(Budget, TakesTheTightestWindowAndKeepsRequestsApartFromTokens) {
  policy::Rule minute = daily(100, Unit::tokens);
  minute.length = 60s;
  House house;
  house.provider("a", 1).model("m", {minute, daily(10'000, Unit::tokens)});
  house.provider("b", 1).model("m", {daily(50, Unit::requests)});
  house.provider("c", 0).model("m", {daily(50, Unit::tokens)});
  const Budget budget = month_budget(house.policy, 0);
  EXPECT_EQ(budget.tokens, 300'000u);
  EXPECT_EQ(budget.requests, 1'500u);
  ASSERT_EQ(budget.providers.size(), 2u) << "who has no key has no budget";
  EXPECT_EQ(budget.providers[1].provider, "b");
}

TEST(QuotaReport, HasEveryCounterWithItsSourceAndEveryCooldown) {
  House house;
  house.provider("a", 1).model("m", {daily(5, Unit::requests)});
  quota::Ledger ledger;
  const auto plan = ledger.bind(std::make_shared<const policy::Policy>(house.policy)).value();
  const quota::Now now{base::Instant{1h}, noon};
  quota::Reservation open;
  ledger.reserve(plan, 0, 0, {}, now, open);
  ledger.bench(*plan, quota::BenchScope::key, 0, 0, noon + 60s, "rate_limited", now);
  const std::string report = quota_report(*plan, ledger, now);
  EXPECT_NE(
      report.find(R"("provider":"a","key":"key1","model":"m","rule":"5 per day","of":"requests","pool":null,)"
                  R"("used":0,"reserved":1,"limit":5,"resets_at":"2026-01-02T00:00:00Z",)"
                  R"("source":"https://provider.example/limits","as_of":"2026-06-01")"),
      std::string::npos)
      << report;
  EXPECT_NE(
      report.find(R"("key":"key1","model":null,"reason":"rate_limited","until":"2026-01-01T12:01:00Z")"),
      std::string::npos)
      << report;
}

TEST(QuotaReport, SaysWhatTheProviderHasStatedAndHowLongAgo) {
  House house;
  house.provider("a", 1).model("m", {daily(5, Unit::requests)});
  quota::Ledger ledger;
  const auto plan = ledger.bind(std::make_shared<const policy::Policy>(house.policy)).value();
  const quota::Now now{base::Instant{1h}, noon}, later{base::Instant{1h + 90s}, noon + 90s};
  EXPECT_NE(quota_report(*plan, ledger, now).find(R"("stated":null)"), std::string::npos);
  ledger.state(*plan, 0, 0, {Unit::requests, policy::Per::day, 4, 3, {}}, now);
  const std::string report = quota_report(*plan, ledger, later);
  EXPECT_NE(report.find(R"("at":"2026-01-01T12:00:00Z","age_seconds":90)"), std::string::npos) << report;
}

TEST(Explanation, OfARequestUnderAPolicyThatIsGoneSaysSoAndNamesNobodyWrongly) {
  House house;
  house.provider("a", 1).model("m");
  quota::Ledger ledger;
  const auto plan = ledger.bind(std::make_shared<const policy::Policy>(house.policy)).value();
  const auto target = routing::resolve(plan->policy(), "auto").value();
  routing::Inputs inputs{plan.get(), &ledger, &target, {}, {base::Instant{1h}, noon}, 7, {}};
  routing::Decision decision;
  routing::decide(inputs, decision);
  PastRequest past;
  past.record.request_id = "r1";
  past.record.status = 200;
  routing::write_record(inputs, decision, past.record.decision);
  const std::string known = explanation_of(past, plan->shared_policy());
  EXPECT_NE(known.find(R"("provider":"a","model":"m","key":"key1","gate":"passed")"), std::string::npos)
      << known;
  EXPECT_NE(known.find("replayed: same route"), std::string::npos);
  auto other = std::make_shared<policy::Policy>(house.policy);
  other->version = "ba9876543210";
  other->providers[0].id = "b";
  const std::string foreign = explanation_of(past, other);
  EXPECT_EQ(foreign.find(R"("provider":"b")"), std::string::npos) << foreign;
  EXPECT_NE(foreign.find(R"("model_index":0)"), std::string::npos);
  EXPECT_NE(foreign.find("not replayed: it was made under policy 0123456789ab"), std::string::npos);
}

TEST(Explanation, AQuestionIsReadAsItIsWritten) {
  Question question;
  question.model = "auto:coding";
  question.features.input_tokens = 2'000;
  question.features.output_tokens = 300;
  question.features.tools = true;
  question.features.json_schema = true;
  question.at = noon;
  const auto read = read_question(query_of(question));
  ASSERT_TRUE(read.has_value()) << query_of(question);
  EXPECT_EQ(query_of(*read), query_of(question));
  EXPECT_EQ(read->at, noon);
  for (const char* wrong : {"colour=red", "tokens=many", "tools=maybe", "json=yaml", "at=noon", "model="})
    EXPECT_FALSE(read_question(wrong).has_value()) << wrong;
}

TEST(Explanation, TimesAreReadToTheMillisecondAndNonsenseIsNot) {
  EXPECT_EQ(read_time("2026-01-01T12:00Z"), noon);
  EXPECT_EQ(read_time("2026-01-01T12:00:00.250Z"), noon + 250ms);
  EXPECT_EQ(read_time("2026-01-01"), noon - 12h);
  for (const char* wrong : {"", "2026", "2026-13-01", "2026-01-01T25:00", "2026/01/01", "2026-02-30"})
    EXPECT_EQ(read_time(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace freellmapi::surfaces
