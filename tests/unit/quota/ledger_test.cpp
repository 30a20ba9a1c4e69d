#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using LedgerTest = World;
using policy::Scope;
using policy::Unit;

TEST_F(LedgerTest, AReservationThatWouldOverrunAnyWindowTakesNothing) {
  with({per_minute(10), per_minute(100, Unit::tokens), per_day(10)});
  EXPECT_FALSE(reserve({60, 50, 0}));
  EXPECT_EQ(last.state, State::never);
  EXPECT_TRUE(spend({60, 0, 0}));
  EXPECT_FALSE(reserve({30, 30, 0}));
  EXPECT_EQ(last.state, State::full);
  for (const Row& r : ledger.rows(*plan, now())) {
    EXPECT_EQ(r.used + r.reserved, r.rule->of == Unit::tokens ? 60u : 1u);
  }
}

TEST_F(LedgerTest, CheckChangesNothing) {
  with({per_minute(1)});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(check().state, State::free);
  EXPECT_EQ(row().used + row().reserved, 0u);
  EXPECT_TRUE(spend());
  EXPECT_EQ(check().state, State::full);
}

TEST_F(LedgerTest, TheVerdictNamesTheRuleThatStandsInTheWayLongest) {
  with({per_minute(1), per_day(1), rule(1, Unit::requests, policy::Per::hour, 1h)});
  spend();
  EXPECT_EQ(check().rule, &plan->policy().models[0].quota[1]);
  EXPECT_EQ(check().free_at, clock.wall() + 24h);
}

TEST_F(LedgerTest, ANeedAboveAWholeLimitIsNeverEvenWhenAnotherWindowIsFull) {
  with({per_minute(1), per_minute(100, Unit::output_tokens)});
  spend();
  EXPECT_EQ(check({0, 101, 0}).state, State::never);
  EXPECT_EQ(check({0, 101, 0}).rule, &plan->policy().models[0].quota[1]);
}

TEST_F(LedgerTest, AHugeNeedDoesNotWrapAround) {
  with({per_minute(100, Unit::tokens)});
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(check({most, 5, 0}).state, State::never);
  EXPECT_EQ(check({most, most, most}).state, State::never);
}

TEST_F(LedgerTest, EveryUnitCountsItsOwnThing) {
  with({per_minute(1000, Unit::tokens), per_minute(1000, Unit::input_tokens),
        per_minute(1000, Unit::output_tokens), per_minute(1000), per_minute(1000, Unit::own), at_once(1000)});
  const Reservation held = reserve({10, 20, 6'500});
  const auto rows = ledger.rows(*plan, now());
  const std::vector<std::uint64_t> expected{30, 10, 20, 1, 7, 1};
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].reserved, expected[i]) << i;
}

TEST_F(LedgerTest, AnUnknownPriceStillNeedsAUnit) {
  with({per_day(10, Unit::own)});
  ledger.settle(reserve({1, 1, 0}), {true, {}, {}, 10'000}, now());
  EXPECT_EQ(row().used, 10u);
  EXPECT_EQ(check({1, 1, 0}).state, State::full);
}

TEST_F(LedgerTest, KeyRulesCountPerKeyAndAccountRulesOverAllKeys) {
  use(PolicyText{}
          .provider("p", {in(Scope::account, per_day(5))})
          .key(1)
          .key(2)
          .model("a", {per_minute(3)})
          .model("b", {per_minute(3)}));
  EXPECT_EQ(fill({}, 0, 0), 3u);
  EXPECT_EQ(fill({}, 1, 0), 2u) << "the account is empty";
  EXPECT_EQ(check({}, 0, 1).rule, &plan->policy().providers[0].quota[0]);
}

TEST_F(LedgerTest, AProvidersKeyRuleCountsOverAllModels) {
  use(PolicyText{}.provider("p", {per_minute(4)}).key(1).key(2).model("a").model("b"));
  EXPECT_EQ(fill({}, 0, 0), 4u);
  EXPECT_EQ(fill({}, 0, 1), 0u);
  EXPECT_EQ(fill({}, 1, 1), 4u);
}

TEST_F(LedgerTest, AModelsAccountRuleCountsThatModelAloneOverAllKeys) {
  use(PolicyText{}
          .provider("p")
          .key(1)
          .key(2)
          .model("a", {in(Scope::account, per_minute(4))})
          .model("b", {in(Scope::account, per_minute(4))}));
  EXPECT_TRUE(spend({}, 0, 0));
  EXPECT_EQ(fill({}, 1, 0), 3u);
  EXPECT_EQ(fill({}, 1, 1), 4u);
}

TEST_F(LedgerTest, AProvidersModelRuleIsOneWindowPerModelOverAllKeys) {
  use(PolicyText{}.provider("p", {in(Scope::model, per_minute(4))}).key(1).key(2).model("a").model("b"));
  EXPECT_EQ(fill({}, 0, 0), 4u);
  EXPECT_EQ(fill({}, 1, 0), 0u);
  EXPECT_EQ(fill({}, 1, 1), 4u);
}

TEST_F(LedgerTest, APoolCountsOverEveryModelThatNamesIt) {
  const auto free_pool = pooled("free", per_day(6));
  use(PolicyText{}
          .provider("p")
          .key(1)
          .key(2)
          .model("a", {free_pool})
          .model("b", {free_pool})
          .model("c")
          .provider("q")
          .key(3)
          .model("d", {free_pool}));
  EXPECT_TRUE(spend({}, 0, 0));
  EXPECT_TRUE(spend({}, 0, 1));
  EXPECT_EQ(fill({}, 1, 1), 4u);
  EXPECT_TRUE(spend({}, 0, 2)) << "names no pool";
  EXPECT_EQ(fill({}, 2, 3), 6u) << "another provider's pool is another pool";
}

TEST_F(LedgerTest, AKeylessProviderHasItsWindowsToo) {
  use(PolicyText{}.provider("p").keyless().model("m", {in(Scope::ip, per_minute(2)), per_day(100)}));
  EXPECT_EQ(fill({}, policy::none, 0), 2u);
}

TEST_F(LedgerTest, WhatThePolicyDoesNotKnowIsNeverFree) {
  use(PolicyText{}.provider("p").key(1).model("a").provider("q").key(2).model("b"));
  EXPECT_EQ(check({}, 0, 1).state, State::never) << "another provider's key";
  EXPECT_EQ(check({}, policy::none, 0).state, State::never) << "not keyless";
  EXPECT_EQ(check({}, 9, 9).state, State::never);
  EXPECT_FALSE(reserve({}, 0, 1));
}

TEST_F(LedgerTest, AModelWithoutRulesIsFree) {
  with({});
  EXPECT_EQ(fill(), 100'000u);
}

TEST_F(LedgerTest, ARuleOfZeroLetsNothingThrough) {
  with({per_day(0)});
  EXPECT_EQ(check().state, State::never);
}

}  // namespace
}  // namespace freellmapi::quota::testing
