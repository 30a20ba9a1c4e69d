#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Decide : public Routing {
 protected:
  Decide() {
    provider("a", 2);
    model("x", {requests_per_day(2)});
    provider("b", 1);
    model("y", {requests_per_day(5)});
    provider("c", 0);
    policy.providers.back().keyless = true;
    model("z");
    chain({{0, 0ms}, {1, 0ms}, {2, 0ms}});
  }
};

TEST_F(Decide, CandidatesComeInTheChainsOrderWithAllTheirKeys) {
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#1 a/x#2 b/y#1 c/z ");
  EXPECT_EQ(considered(), "a/x#1=passed a/x#2=passed b/y#1=passed c/z=passed ");
}

TEST_F(Decide, KeysShareTheLoadBySeedAndAConversationKeepsItsKey) {
  decide_for("auto", {}, 1);
  EXPECT_EQ(order(), "a/x#2 a/x#1 b/y#1 c/z ");
  Features talk;
  talk.session = 7;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    decide_for("auto", talk, seed);
    EXPECT_EQ(order(), "a/x#2 a/x#1 b/y#1 c/z ");
  }
}

TEST_F(Decide, TheSameInputsGiveTheSameDecision) {
  decide_for("auto", {}, 5);
  const std::string before = considered() + order();
  decide_for("auto", {}, 5);
  EXPECT_EQ(considered() + order(), before);
}

TEST_F(Decide, AFullKeyIsPassedOverForTheNextAndTellsItsRule) {
  bind();
  spend(0, 0);
  spend(0, 0);
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#2 b/y#1 c/z ");
  const Considered& full = decision.considered[0];
  EXPECT_EQ(full.gate, Gate::quota_full);
  EXPECT_EQ(full.rule, &plan->policy().models[0].quota[0]);
  EXPECT_EQ(full.free_at, clock.wall() + 24h);
}

TEST_F(Decide, WhereAFewAreEnoughTheRestIsConsideredWhenItIsAskedFor) {
  bind();
  // Every mixture of full, waited for and free keys, with and without a pin, beginning at either key.
  for (int spent = 0; spent < 7; ++spent) {
    if (spent > 0) spend(static_cast<policy::KeyIndex>(spent % 3), spent % 3 == 2 ? 1 : 0);
    for (const auto wait : {0ms, std::chrono::milliseconds{48h}}) {
      for (const Candidate pinned :
           {Candidate{}, Candidate{1, 2, 0ms}, Candidate{0, 1, 0ms}, Candidate{9, 9, 0ms}}) {
        for (std::uint64_t seed = 0; seed < 2; ++seed) {
          policy.chains[0].steps[0].wait = policy.chains[0].steps[1].wait = wait;
          const auto its = ledger.bind(std::make_shared<const policy::Policy>(policy)).value();
          target = *resolve(its->policy(), "auto");
          Features features;
          features.input_tokens = 10;
          Inputs inputs{its.get(), &ledger, &target, features, now(), seed, pinned};
          decide(inputs, decision);
          const std::string all = considered() + order();
          EXPECT_TRUE(decision.whole());
          inputs.enough = 1 + static_cast<unsigned>(seed);
          decide(inputs, decision);
          const std::string first = considered();
          EXPECT_EQ(all.substr(0, first.size()), first);
          decide_rest(inputs, decision);
          EXPECT_TRUE(decision.whole());
          EXPECT_EQ(considered() + order(), all);
        }
      }
    }
  }
}

TEST_F(Decide, WhereAFewAreEnoughNothingBehindThemIsLookedAt) {
  bind();
  target = *resolve(plan->policy(), "auto");
  Inputs inputs{plan.get(), &ledger, &target, {}, now(), 0, {}};
  inputs.enough = 1;
  decide(inputs, decision);
  EXPECT_EQ(considered(), "a/x#1=passed ");
  EXPECT_FALSE(decision.whole());
  inputs.pinned = {1, 2, 0ms};
  decide(inputs, decision);
  EXPECT_EQ(considered(), "a/x#1=passed a/x#2=passed b/y#1=passed ");
  EXPECT_EQ(order(), "b/y#1 a/x#1 a/x#2 ");
  inputs.pinned = {};
  inputs.enough = 2;
  decide(inputs, decision);
  EXPECT_EQ(order(), "a/x#1 a/x#2 ");
  target.strategy = policy::Strategy::fastest;
  decide(inputs, decision);
  EXPECT_TRUE(decision.whole()) << "a strategy that compares has to see all";
}

TEST_F(Decide, ABenchedCandidateTellsWhyAndUntilWhen) {
  bind();
  ledger.bench(*plan, quota::BenchScope::provider, 0, 0, clock.wall() + 30s, "overloaded", now());
  decide_for("auto");
  EXPECT_EQ(order(), "b/y#1 c/z ");
  EXPECT_EQ(decision.considered[1].gate, Gate::benched);
  EXPECT_EQ(decision.considered[1].reason, "overloaded");
  EXPECT_EQ(decision.considered[1].free_at, clock.wall() + 30s);
}

TEST_F(Decide, ThePinnedCandidateGoesFirst) {
  decide_for("auto", {}, 0, {1, 2, 0ms});
  EXPECT_EQ(order(), "b/y#1 a/x#1 a/x#2 c/z ");
  decide_for("auto", {}, 0, {0, 1, 0ms});
  EXPECT_EQ(order(), "a/x#2 a/x#1 b/y#1 c/z ");
}

TEST_F(Decide, APinIsAPreferenceAndNoVeto) {
  bind();
  ledger.bench(*plan, quota::BenchScope::key, 2, 1, clock.wall() + 30s, "overloaded", now());
  decide_for("auto", {}, 0, {1, 2, 0ms});
  EXPECT_EQ(order(), "a/x#1 a/x#2 c/z ");
  decide_for("auto", {}, 0, {99, 99, 0ms});
  EXPECT_EQ(order(), "a/x#1 a/x#2 c/z ");
}

TEST_F(Decide, APinToAnotherModelDoesNotWidenAnExplicitRequest) {
  decide_for("b/y", {}, 0, {0, 0, 0ms});
  EXPECT_EQ(order(), "b/y#1 ");
  EXPECT_EQ(considered(), "b/y#1=passed ");
}

TEST_F(Decide, AStepWorthWaitingForStaysInItsPlaceBehindItsFreeKeys) {
  chain({{0, 8s}, {1, 0ms}});
  bind();
  clock.advance(24h - 5s);
  spend(0, 0);
  spend(0, 0);
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#2 a/x#1 b/y#1 ");
  EXPECT_EQ(decision.considered[0].gate, Gate::quota_full);
  EXPECT_EQ(decision.considered[0].candidate.wait, 8s);
}

TEST_F(Decide, OfTwoKeysWorthWaitingForTheSoonerComesFirst) {
  policy.models[0].quota = {tokens_per_minute(100)};
  chain({{0, 2min}});
  bind();
  spend(1, 0, {100, 0, 0});
  clock.advance(5s);
  spend(0, 0, {100, 0, 0});
  decide_for("auto", {.output_tokens = 50});
  EXPECT_EQ(order(), "a/x#2 a/x#1 ");
}

TEST_F(Decide, WhatTakesLongerThanTheWaitIsPassedOver) {
  chain({{0, 8s}, {1, 0ms}});
  bind();
  clock.advance(24h - 9s);
  for (policy::KeyIndex key : {0u, 1u}) {
    spend(key, 0);
    spend(key, 0);
  }
  decide_for("auto");
  EXPECT_EQ(order(), "b/y#1 ");
  clock.advance(1s);
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#1 a/x#2 b/y#1 ");
}

TEST_F(Decide, ABenchedCandidateIsNotWaitedFor) {
  chain({{0, 8s}, {1, 0ms}});
  bind();
  ledger.bench(*plan, quota::BenchScope::provider, 0, 0, clock.wall() + 2s, "overloaded", now());
  decide_for("auto");
  EXPECT_EQ(order(), "b/y#1 ");
}

TEST_F(Decide, AStaleChainOrModelIndexIsPassedOver) {
  bind();
  Target wrong;
  wrong.chain = 9;
  decide({plan.get(), &ledger, &wrong, {}, now(), 0, {}}, decision);
  EXPECT_TRUE(decision.considered.empty());
  wrong.chain = policy::none;
  wrong.models = {77};
  decide({plan.get(), &ledger, &wrong, {}, now(), 0, {}}, decision);
  EXPECT_TRUE(decision.considered.empty());
}

TEST_F(Decide, OtherStrategiesKeepTheChainsOrderSoFar) {
  decide_for("auto:fastest");
  EXPECT_EQ(order(), "a/x#1 a/x#2 b/y#1 c/z ");
}

/// Two large models and a small one between them; the days end at different hours.
class Expiring : public Routing {
 protected:
  Expiring() {
    provider("a", 1);
    model("x", {day_at("UTC")}).tier = "large";  // ends in 24 hours
    provider("b", 1);
    model("y", {requests_per_day(10)}).tier = "small";
    provider("c", 1);
    model("z", {day_at("Asia/Tokyo")}).tier = "large";  // ends in 15 hours
    chain({{0, 0ms}, {1, 0ms}, {2, 0ms}});
    policy.chains[0].strategy = policy::Strategy::expiring;
  }
  static policy::Rule day_at(const char* zone) {
    policy::Rule rule = requests_per_day(10);
    rule.zone = zone;
    return rule;
  }
};

TEST_F(Expiring, AmongEqualsWhatExpiresUnusedIsSpentFirst) {
  decide_for("auto");
  EXPECT_EQ(order(), "c/z#1 b/y#1 a/x#1 ");
  EXPECT_EQ(decision.considered[0].pressure, 1'000'000u / 24);
  EXPECT_EQ(decision.considered[2].pressure, 1'000'000u / 15);
}

TEST_F(Expiring, WhatIsNearlySpentDoesNotExpire) {
  bind();
  for (int i = 0; i < 5; ++i) spend(2, 2);
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#1 b/y#1 c/z#1 ") << "half of 15 hours' is less than all of 24 hours'";
}

TEST_F(Expiring, IsAskedForByNameToo) {
  policy.chains[0].strategy = policy::Strategy::priority;
  decide_for("auto");
  EXPECT_EQ(order(), "a/x#1 b/y#1 c/z#1 ");
  decide_for("auto:expiring");
  EXPECT_EQ(order(), "c/z#1 b/y#1 a/x#1 ");
}

TEST_F(Expiring, AConversationStaysWhereItIs) {
  bind();
  Candidate pinned;
  pinned.model = 0;
  pinned.key = 0;
  decide_for("auto", {}, 0, pinned);
  EXPECT_EQ(order(), "a/x#1 c/z#1 b/y#1 ");
}

}  // namespace
}  // namespace freellmapi::routing::testing
