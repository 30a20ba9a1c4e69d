// The page of /metrics, without a wire.
#include "surfaces/ops/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "surfaces/ops/exposition.hpp"

namespace freellmapi::surfaces {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr quota::Now noon{base::Instant{1h}, base::WallTime{std::chrono::milliseconds{1'767'268'800'000}}};

policy::Rule per_day(std::uint64_t limit, std::string label) {
  policy::Rule rule;
  rule.limit = limit;
  rule.per = policy::Per::day;
  rule.length = 24h;
  rule.reset = policy::Reset::wall_clock;
  rule.zone = "UTC";
  rule.label = std::move(label);
  return rule;
}

std::shared_ptr<policy::Policy> one_provider(std::size_t models, std::vector<policy::Rule> rules) {
  auto made = std::make_shared<policy::Policy>();
  made->version = "0123456789ab";
  policy::Provider provider;
  provider.id = "p";
  policy::Key key;
  key.provider = 0;
  key.label = "work \"one\"\\two\nthree";
  key.fingerprint = 7;
  made->keys.push_back(std::move(key));
  provider.keys = {0};
  made->providers.push_back(std::move(provider));
  for (std::size_t i = 0; i < models; ++i) {
    policy::Model model;
    model.id = "m" + std::to_string(i);
    model.provider = 0;
    model.quota = rules;
    made->providers[0].models.push_back(static_cast<policy::ModelIndex>(i));
    made->models.push_back(std::move(model));
  }
  made->chains.push_back({"default", {}, policy::Strategy::priority});
  return made;
}

struct House {
  explicit House(std::shared_ptr<policy::Policy> policy) : plan(ledger.bind(std::move(policy)).value()) {
    counted_as = meter.learn(plan->policy());
  }
  std::string page(const Facts& facts = {}) const {
    return metrics_text(meter.sum(), *plan, ledger, noon, facts);
  }
  quota::Ledger ledger;
  std::shared_ptr<const quota::Plan> plan;
  relay::Meter meter{1};
  relay::CountedAs counted_as;
};

TEST(Metrics, ShowEveryWindowAsTheLedgerHasIt) {
  House house(one_provider(1, {per_day(100, "100 requests per day")}));
  quota::Reservation reservation;
  house.ledger.reserve(house.plan, 0, 0, {10, 10, 0}, noon, reservation);
  house.ledger.settle(std::move(reservation), {true, 10, 10, {}}, noon);
  house.ledger.bench(*house.plan, quota::BenchScope::key_model, 0, 0, noon.wall + 1min, "rate_limited", noon);
  const std::string page = house.page();
  const std::string labels =
      R"({provider="p",model="m0",key="work \"one\"\\two\nthree",rule="100 requests per day"} )";
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_limit" + labels + "100\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_used" + labels + "1\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_reserved" + labels + "0\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_reset_timestamp_seconds" + labels + "1767312000\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_overshoot_total 0\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_cooldowns{provider=\"p\",reason=\"rate_limited\"} 1\n"));
}

TEST(Metrics, NameTwoRulesOfOneLabelApart) {
  House house(one_provider(1, {per_day(5, "daily"), per_day(6, "daily")}));
  const std::string page = house.page();
  EXPECT_THAT(page, HasSubstr("rule=\"daily\"} 5\n"));
  EXPECT_THAT(page, HasSubstr("rule=\"daily (2)\"} 6\n"));
}

TEST(Metrics, ShowAThousandWindowsAtMostAndThoseThatCountSomethingFirst) {
  House house(one_provider(600, {per_day(10, "a"), per_day(20, "b")}));
  quota::Reservation reservation;
  house.ledger.reserve(house.plan, 0, 599, {1, 1, 0}, noon, reservation);
  const std::string page = house.page();
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_windows_left_out 200\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_quota_reserved{provider=\"p\",model=\"m599\""));
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = page.find("\nfreellmapi_quota_limit{", at)) != std::string::npos; ++at)
    ++shown;
  EXPECT_EQ(shown, windows_shown_most);
}

TEST(Metrics, LeaveOutWhatHasNoValueAndCumulateBuckets) {
  House house(one_provider(1, {}));
  EXPECT_THAT(house.page(), Not(HasSubstr("freellmapi_tokens_total")));
  house.meter.tokens(0, house.counted_as.models[0], 5, 7);
  relay::Record record;
  record.surface = "http";
  record.surface_number = house.meter.learn_surface("http");
  record.status = 200;
  house.meter.request(0, record, 20ms);
  house.meter.request(0, record, 400s);
  const std::string page = house.page();
  EXPECT_THAT(page,
              HasSubstr("freellmapi_tokens_total{provider=\"p\",model=\"m0\",direction=\"output\"} 7\n"));
  const std::string name = "freellmapi_request_duration_seconds";
  EXPECT_THAT(page, HasSubstr(name + "_count{surface=\"http\"} 2\n"));
  EXPECT_THAT(page, HasSubstr(name + "_sum{surface=\"http\"} 400.02"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket{surface=\"http\",le=\"0.01\"} 0\n"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket{surface=\"http\",le=\"300\"} 1\n"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket{surface=\"http\",le=\"+Inf\"} 2\n"));
}

TEST(Metrics, TellOfTheProgram) {
  House house(one_provider(1, {}));
  Facts facts;
  facts.plugins.push_back({"p", "1.2.3", "1.0"});
  facts.load.upstream.open = 5;
  facts.load.upstream.idle = 2;
  facts.process.resident_bytes = 12'345'678;
  facts.reload_failed = true;
  const std::string page = house.page(facts);
  EXPECT_THAT(page, HasSubstr("freellmapi_plugin_info{provider=\"p\",version=\"1.2.3\",abi=\"1.0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_policy_info{version=\"0123456789ab\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_upstream_connections{state=\"busy\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("process_resident_memory_bytes 12345678\n"));
  EXPECT_THAT(page, HasSubstr("freellmapi_policy_reload_failed 1\n"));
}

}  // namespace
}  // namespace freellmapi::surfaces
