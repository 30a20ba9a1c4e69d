// What is written of a decision is enough to make it again.
#include "routing/record.hpp"

#include <random>

#include "counted_new.hpp"
#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Record : public Routing {
 protected:
  void fleet(int providers, unsigned keys) {
    std::vector<policy::Step> steps;
    for (int p = 0; p < providers; ++p) {
      provider("p" + std::to_string(p), keys);
      model("m", {requests_per_day(3), tokens_per_minute(9'000)});
      if (p % 3 == 1) policy.models.back().tools = false;
      steps.push_back({static_cast<policy::ModelIndex>(p), p % 4 == 0 ? 8s : 0s});
    }
    chain(steps);
    policy.version = "0123456789ab";
    bind();
  }
  std::string decide_and_record(const Features& features, std::uint64_t seed, Candidate pinned = {}) {
    target = *resolve(plan->policy(), "auto");
    Inputs inputs{plan.get(), &ledger, &target, features, now(), seed, pinned};
    inputs.enough = enough;
    decide(inputs, decision);
    std::string bytes;
    write_record(inputs, decision, bytes);
    return bytes;
  }
  Replay again(const std::string& bytes) { return replay(*read_record(bytes), plan->shared_policy()); }
  unsigned enough = 0;
};

Features features_of(std::mt19937_64& random) {
  Features f;
  f.tools = random() % 2 == 0;
  f.images = random() % 3 == 0;
  f.stream = random() % 2 == 0;
  f.input_tokens = random() % 12'000;
  f.output_tokens = random() % 2 == 0 ? 0 : random() % 900;
  f.session = random() % 2 == 0 ? 0 : random();
  return f;
}

TEST_F(Record, ReplayingGivesTheSameRouteInTenThousandRandomStates) {
  fleet(9, 2);
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    if (random() % 5 == 0) {
      const auto m = static_cast<policy::ModelIndex>(random() % 9);
      ledger.bench(*plan, static_cast<quota::BenchScope>(random() % 4),
                   policy.providers[m].keys[random() % 2], m, clock.wall() + 40s,
                   random() % 2 == 0 ? "rate_limited" : "overloaded", now());
    }
    enough = static_cast<unsigned>(i % 3);
    Candidate pinned;
    if (random() % 2 == 0) {
      pinned.model = static_cast<policy::ModelIndex>(random() % 9);
      pinned.key = policy.providers[pinned.model].keys[random() % 2];
    }
    const Features features = features_of(random);
    const std::string bytes = decide_and_record(features, random(), pinned);
    const Replay replayed = again(bytes);
    ASSERT_TRUE(replayed.same) << i << ": " << replayed.difference;
    if (!decision.order.empty()) {
      const Candidate& c = decision.considered[decision.order.front()].candidate;
      quota::Reservation r;
      ledger.reserve(plan, c.key, c.model,
                     need_of(features, policy.models[c.model], policy.providers[c.model]), now(), r);
      ledger.settle(std::move(r), {}, now());
    }
    clock.advance(std::chrono::milliseconds{random() % 600'000});
  }
}

TEST_F(Record, WhatTheLedgerSaidIsReadBackWithItsRuleAndFigures) {
  fleet(1, 1);
  for (int i = 0; i < 3; ++i) spend(0, 0, {10, 10, 0});
  const auto recorded = read_record(decide_and_record({}, 5));
  ASSERT_TRUE(recorded.has_value());
  ASSERT_EQ(recorded->considered.size(), 1u);
  const Recorded::Entry& e = recorded->considered[0];
  EXPECT_EQ(e.gate, Gate::quota_full);
  EXPECT_EQ(rule_of(plan->policy(), e), &plan->policy().models[0].quota[0]);
  EXPECT_EQ(e.used, 3u);
  EXPECT_EQ(e.reserved, 0u);
  EXPECT_EQ(e.limit, 3u);
  EXPECT_EQ(e.free_at, decision.considered[0].free_at);
  EXPECT_EQ(recorded->policy_version, "0123456789ab");
  EXPECT_EQ(recorded->at, clock.wall());
}

TEST_F(Record, AnotherStateThanTheRecordedOneIsADifferenceThatIsNamed) {
  fleet(2, 1);
  std::string bytes = decide_and_record({}, 5);
  Recorded recorded = *read_record(bytes);
  recorded.considered[0].gate = Gate::no_tools;
  const Replay replayed = replay(recorded, plan->shared_policy());
  EXPECT_FALSE(replayed.same);
  EXPECT_EQ(replayed.difference, "p0/m key1 was no_tools and is passed");
}

TEST_F(Record, WhatWasNotLookedAtStandsBehindWhatWasWhenItIsReplayed) {
  fleet(6, 2);
  for (const policy::KeyIndex key : policy.providers[0].keys) {
    for (int i = 0; i < 3; ++i) spend(key, 0, {10, 10, 0});
  }
  Features features;
  features.tools = true;
  enough = 1;
  const std::string in_part = decide_and_record(features, 4);
  const auto recorded = read_record(in_part);
  ASSERT_TRUE(recorded.has_value());
  EXPECT_FALSE(recorded->whole);
  ASSERT_EQ(recorded->considered.size(), 5u) << "two full keys, two models without tools, and who serves";
  const Replay replayed = again(in_part);
  EXPECT_TRUE(replayed.same) << replayed.difference;
  ASSERT_EQ(replayed.behind.size(), 7u);
  EXPECT_EQ(replayed.behind[0].candidate.model, 2u);
  EXPECT_EQ(replayed.behind[0].gate, Gate::passed);
  EXPECT_EQ(replayed.behind[3].gate, Gate::no_tools);
  decide_rest(Inputs{plan.get(), &ledger, &target, features, now(), 4, {}}, decision);
  EXPECT_TRUE(decision.whole());
  enough = 0;
  EXPECT_NE(decide_and_record(features, 4), in_part);
  EXPECT_TRUE(again(decide_and_record(features, 4)).behind.empty());
}

TEST_F(Record, UnderAnotherPolicyNothingIsReplayed) {
  fleet(1, 1);
  Recorded recorded = *read_record(decide_and_record({}, 5));
  recorded.policy_version = "ffffffffffff";
  EXPECT_FALSE(replay(recorded, plan->shared_policy()).same);
}

TEST_F(Record, SixtyCandidatesFitIntoTheUsualSizeAndCostNoAllocation) {
  fleet(20, 3);
  std::string bytes;
  bytes.reserve(2 * record_usual);
  target = *resolve(plan->policy(), "auto");
  const Inputs inputs{plan.get(), &ledger, &target, {}, now(), ~std::uint64_t{0}, {}};
  decide(inputs, decision);
  const unsigned long before = allocations();
  write_record(inputs, decision, bytes);
  EXPECT_EQ(allocations(), before);
  EXPECT_LE(bytes.size(), record_usual);
  EXPECT_GT(bytes.size(), 60u);
}

TEST_F(Record, CutAndForeignBytesAreRefused) {
  fleet(4, 2);
  const std::string bytes = decide_and_record({}, 5);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(read_record(std::string_view(bytes).substr(0, cut)).has_value()) << cut;
  EXPECT_FALSE(read_record(bytes + "x").has_value());
  EXPECT_FALSE(read_record(std::string(700, '\xff')).has_value());
}

TEST_F(Record, OfTheStrategyExpiringHasThePressures) {
  fleet(6, 1);
  policy.chains[0].strategy = policy::Strategy::expiring;
  bind();
  for (policy::ModelIndex m = 0; m < 3; ++m) spend(policy.providers[m].keys[0], m, {10, 10});
  const std::string bytes = decide_and_record({}, 3);
  ASSERT_FALSE(decision.order.empty());
  EXPECT_NE(decision.order.front(), 0u) << "what was spent from comes later";
  const Replay replayed = again(bytes);
  EXPECT_TRUE(replayed.same) << replayed.difference;
}

}  // namespace
}  // namespace freellmapi::routing::testing
