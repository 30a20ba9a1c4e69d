// Counts and cooldowns outlive a policy.
#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using Reload = World;
using policy::Unit;

TEST_F(Reload, KeepsCountsOfTheSameRuleKeyAndModelWhereverTheyStand) {
  use(PolicyText{}.provider("p").key(1).key(2).model("a").model("b", {per_day(10)}));
  for (int i = 0; i < 4; ++i) spend({}, 1, 1);
  use(PolicyText{}.provider("z").key(9).model("y").provider("p").key(2).model("b",
                                                                              {per_minute(50), per_day(10)}));
  EXPECT_EQ(fill({}, 1, 1), 6u);
}

TEST_F(Reload, ANewLimitAppliesToTheOldCount) {
  with({per_day(10)});
  for (int i = 0; i < 4; ++i) spend();
  with({per_day(5)});
  EXPECT_EQ(fill(), 1u);
  with({per_day(20)});
  EXPECT_EQ(fill(), 15u);
}

TEST_F(Reload, AnotherKeyOrAnotherShapeOfRuleStartsAnew) {
  use(PolicyText{}.provider("p").key(1).model("m", {per_day(10)}));
  EXPECT_EQ(fill(), 10u);
  use(PolicyText{}.provider("p").key(2).model("m", {per_day(10)}));
  EXPECT_EQ(fill(), 10u);
  auto elsewhere = per_day(10);
  elsewhere.zone = "America/Los_Angeles";
  use(PolicyText{}.provider("p").key(1).model("m", {elsewhere}));
  EXPECT_EQ(fill(), 10u);
  use(PolicyText{}.provider("p").key(1).model("m", {per_day(10)}));
  EXPECT_EQ(fill(), 0u) << "what was left out for a while is remembered";
}

TEST_F(Reload, ARequestUnderTheOldPolicyIsSettledInTheSharedWindow) {
  with({per_day(1000, Unit::tokens)});
  Reservation r = reserve({100, 500, 0});
  with({per_day(1000, Unit::tokens)});
  EXPECT_EQ(row().reserved, 600u);
  ledger.settle(std::move(r), {true, 100, 50, {}}, now());
  EXPECT_EQ(row().used, 150u);
  EXPECT_EQ(row().reserved, 0u);
}

TEST_F(Reload, KeepsCooldowns) {
  with({});
  ledger.bench(*plan, BenchScope::key_model, 0, 0, clock.wall() + 60s, "rate_limited", now());
  with({per_day(10)});
  EXPECT_EQ(check().state, State::benched);
}

TEST_F(Reload, KeepsAStatedLimitWhileThePolicysIsTheSame) {
  with({per_day(100)});
  ledger.state(*plan, 0, 0, {Unit::requests, policy::Per::day, 20, {}, {}}, now());
  with({per_day(100)});
  EXPECT_EQ(row().limit, 20u);
  with({per_day(50)});
  EXPECT_EQ(row().limit, 50u);
}

TEST_F(Reload, TwoRulesOfTheSameShapeAreTwoWindows) {
  with({per_day(10), per_day(3)});
  EXPECT_EQ(fill(), 3u);
  EXPECT_EQ(ledger.rows(*plan, now()).size(), 2u);
}

TEST_F(Reload, AWindowNamedWithTwoLimitsHasTheSmaller) {
  use(PolicyText{}
          .provider("p")
          .key(1)
          .model("a", {pooled("x", per_day(10))})
          .model("b", {pooled("x", per_day(4))})
          .model("c", {pooled("x", per_day(7))}));
  EXPECT_EQ(fill({}, 0, 0), 4u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
