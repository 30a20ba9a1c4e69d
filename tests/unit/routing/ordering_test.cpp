// The strategies that learn: what each prefers, that nobody is forgotten, and that a record proves the order.
#include "routing/ordering.hpp"

#include <map>

#include "counted_new.hpp"
#include "routing/record.hpp"
#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Ordering : public Routing {
 protected:
  Ordering() {
    provider("plain", 1);
    model("m").rank = 10;
    provider("quick", 1);
    model("m").rank = 20;
    provider("wise", 1);
    model("m").rank = 1;
    for (policy::Model& m : policy.models) m.tier = "large";
    policy.models[2].tier = "frontier";
    chain({{0, 0ms}, {1, 0ms}, {2, 0ms}});
  }

  void learn() {
    if (!plan) bind();
    if (!statistics) statistics = std::make_unique<Statistics>(plan->policy());
  }
  void answers(policy::ModelIndex m, int times, std::chrono::milliseconds first, std::uint64_t per_second) {
    learn();
    for (int i = 0; i < times; ++i)
      statistics->answered(m, policy.providers[m].keys[0], {true, first, first + 1s, per_second},
                           clock.since_boot());
  }
  void failures(policy::ModelIndex m, int times) {
    learn();
    for (int i = 0; i < times; ++i) statistics->failed(m, policy.providers[m].keys[0], clock.since_boot());
  }

  const Decision& choose(std::string_view name, std::uint64_t seed = 0, Candidate pinned = {}) {
    learn();
    target = *resolve(plan->policy(), name);
    inputs = {plan.get(), &ledger, &target, {}, now(), seed, pinned};
    inputs.features.input_tokens = 10;
    inputs.statistics = statistics.get();
    decide(inputs, decision);
    return decision;
  }
  std::string first() const {
    return policy.providers[policy.models[decision.considered[decision.order[0]].candidate.model].provider]
        .id;
  }
  /// Who goes first how often in a thousand requests.
  std::map<std::string, int> firsts(std::string_view name) {
    std::map<std::string, int> out;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
      choose(name, seed * 0x9E3779B97F4A7C15ULL);
      ++out[first()];
    }
    return out;
  }

  std::unique_ptr<Statistics> statistics;
  Inputs inputs;
};

TEST_F(Ordering, FastestPrefersWhoAnswersSoonerAndFaster) {
  answers(0, 20, 900ms, 40);
  answers(1, 20, 150ms, 300);
  answers(2, 20, 2s, 30);
  auto f = firsts("auto:fastest");
  EXPECT_GT(f["quick"], 920);
  EXPECT_GT(f["plain"], 0);
}

TEST_F(Ordering, ReliableAvoidsWhoFailsHoweverFastItIs) {
  answers(0, 20, 900ms, 40);
  answers(1, 12, 150ms, 300);
  failures(1, 10);
  answers(2, 20, 1s, 40);
  auto f = firsts("auto:reliable");
  EXPECT_LT(f["quick"], 60);
}

TEST_F(Ordering, SmartestPrefersTheHigherTierThenTheBetterRank) {
  answers(0, 20, 200ms, 200);
  answers(1, 20, 150ms, 300);
  answers(2, 20, 2s, 30);
  auto f = firsts("auto:smartest");
  EXPECT_GT(f["wise"], 980);
  choose("auto:smartest");
  EXPECT_EQ(order(), "wise/m#1 plain/m#1 quick/m#1 ");
}

TEST_F(Ordering, BalancedWeighsSuccessTwiceAsMuchAsSpeedAndQuality) {
  const auto w = *weights_of(policy::Strategy::balanced);
  EXPECT_EQ(w.success, w.speed + w.quality);
  answers(0, 20, 500ms, 80);
  answers(1, 20, 400ms, 90);
  answers(2, 20, 500ms, 80);
  failures(2, 20);
  auto f = firsts("auto:balanced");
  EXPECT_LT(f["wise"], 60);
}

TEST_F(Ordering, EveryRowOfWeightsComesToOne) {
  for (const auto s : {policy::Strategy::balanced, policy::Strategy::fastest, policy::Strategy::smartest,
                       policy::Strategy::reliable}) {
    const auto w = weights_of(s);
    ASSERT_TRUE(w);
    EXPECT_DOUBLE_EQ(w->success + w->speed + w->quality, 1.0);
  }
  EXPECT_FALSE(weights_of(policy::Strategy::priority));
  EXPECT_FALSE(weights_of(policy::Strategy::expiring));
}

TEST_F(Ordering, WithoutMeasurementsTheCatalogueDecides) {
  policy.models[1].speed = 1;
  policy.models[0].speed = 9;
  policy.models[2].speed = 11;
  choose("auto:fastest");
  EXPECT_EQ(first(), "quick");
  choose("auto:smartest");
  EXPECT_EQ(first(), "wise");
}

TEST_F(Ordering, WhoNobodyTriedIsTriedNowAndThen) {
  answers(0, 40, 500ms, 80);
  auto f = firsts("auto:balanced");
  EXPECT_GT(f["quick"], 5);
  EXPECT_GT(f["wise"], 5);
  EXPECT_GT(f["plain"] + f["wise"], 900);
}

TEST_F(Ordering, NobodyIsTriedWhoCouldNotBeTheBest) {
  policy.models[1].tier = "small";
  policy.models[1].rank = 900;
  policy.models[0].tier = "frontier";
  policy.models[0].rank = 1;
  answers(0, 40, 200ms, 200);
  answers(2, 40, 200ms, 200);
  auto f = firsts("auto:smartest");
  EXPECT_EQ(f["quick"], 0);
}

TEST_F(Ordering, WhoFailedIsUsedAgainWhenItAnswersAgainOrTheFailuresAreOld) {
  answers(0, 30, 900ms, 40);
  answers(1, 10, 150ms, 300);
  failures(1, 30);
  EXPECT_LT(firsts("auto:reliable")["quick"], 60);
  answers(1, 90, 150ms, 300);
  EXPECT_GT(firsts("auto:reliable")["quick"], 500);

  failures(1, 60);
  EXPECT_LT(firsts("auto:fastest")["quick"], 200);
  clock.advance(6 * Statistics::half_life);
  EXPECT_GT(firsts("auto:fastest")["quick"], 300);
}

TEST_F(Ordering, LittleHeadroomWeighsACandidateDown) {
  policy.models[1].quota = {requests_per_day(10)};
  answers(0, 20, 500ms, 80);
  answers(1, 20, 300ms, 100);
  answers(2, 20, 900ms, 40);
  choose("auto:fastest");
  EXPECT_EQ(first(), "quick");
  for (int i = 0; i < 8; ++i) spend(1, 1);
  choose("auto:fastest");
  EXPECT_EQ(first(), "quick");
  EXPECT_EQ(decision.terms[1].measured.headroom, 200'000u);
  spend(1, 1);
  choose("auto:fastest");
  EXPECT_NE(first(), "quick");
  EXPECT_EQ(decision.terms[1].measured.headroom, 100'000u);
  EXPECT_LT(decision.terms[1].headroom, 0.6);
}

TEST_F(Ordering, AConversationStaysWhereItWas) {
  answers(1, 20, 150ms, 300);
  choose("auto:fastest", 7, {0, 0, 0ms});
  EXPECT_EQ(first(), "plain");
}

TEST_F(Ordering, WhoIsWaitedForKeepsItsPlace) {
  policy.models[0].quota = {requests_per_day(1)};
  chain({{0, std::chrono::hours{30}}, {1, 0ms}, {2, 0ms}});
  learn();
  spend(0, 0);
  answers(2, 20, 100ms, 400);
  choose("auto:fastest");
  EXPECT_EQ(order(), "plain/m#1 wise/m#1 quick/m#1 ");
}

TEST_F(Ordering, TheKeysOfOneModelShareTheLoad) {
  policy.providers[0].keys.push_back(3);
  policy.keys.push_back({0, "key2", "", {}, 99});
  chain({{0, 0ms}});
  learn();
  for (int i = 0; i < 30; ++i)
    statistics->answered(0, i % 2 == 0 ? 0 : 3, {true, 100ms, 1100ms, 80}, clock.since_boot());
  std::map<policy::KeyIndex, int> keys;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    choose("auto:balanced", seed * 0x9E3779B97F4A7C15ULL);
    ++keys[decision.considered[decision.order[0]].candidate.key];
  }
  EXPECT_GT(keys[0], 100);
  EXPECT_GT(keys[3], 100);
}

TEST_F(Ordering, TheSameInputsGiveTheSameOrderAndTheRecordProvesIt) {
  policy.version = "0123456789ab";
  answers(0, 20, 500ms, 80);
  answers(1, 9, 400ms, 90);
  failures(1, 3);
  int explored = 0;
  for (const char* name : {"auto:balanced", "auto:fastest", "auto:smartest", "auto:reliable"}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      choose(name, seed * 0x9E3779B97F4A7C15ULL);
      const std::vector<Terms> then = decision.terms;
      const std::vector<std::uint32_t> order(decision.order.begin(), decision.order.end());
      std::string bytes;
      write_record(inputs, decision, bytes);
      const auto recorded = read_record(bytes);
      ASSERT_TRUE(recorded.has_value());
      EXPECT_EQ(recorded->order, order);
      const Replay again = replay(*recorded, plan->shared_policy());
      ASSERT_TRUE(again.same) << again.difference;
      ASSERT_EQ(again.terms.size(), then.size());
      for (std::size_t i = 0; i < then.size(); ++i) {
        EXPECT_EQ(again.terms[i].measured, then[i].measured);
        EXPECT_EQ(again.terms[i].score, then[i].score);
        EXPECT_EQ(again.terms[i].explored, then[i].explored);
        if (then[i].explored) ++explored;
      }
    }
  }
  EXPECT_GT(explored, 10);
}

TEST_F(Ordering, ARecordWithOtherFiguresReplaysToAnotherOrder) {
  policy.version = "0123456789ab";
  answers(0, 20, 500ms, 80);
  answers(1, 20, 100ms, 300);
  choose("auto:fastest", 3);
  std::string bytes;
  write_record(inputs, decision, bytes);
  Recorded recorded = *read_record(bytes);
  std::swap(recorded.considered[0].measured, recorded.considered[1].measured);
  const Replay again = replay(recorded, plan->shared_policy());
  EXPECT_FALSE(again.same);
  EXPECT_EQ(again.difference, "the order of those that passed is another one");
}

TEST_F(Ordering, DrawsOfSuccessFollowWhatWasMeasured) {
  Measured m;
  m.successes = 30'000;
  m.failures = 10'000;
  m.tries = 36'000;
  const Weights w = *weights_of(policy::Strategy::reliable);
  double sum = 0, squares = 0;
  constexpr int n = 20'000;
  for (int i = 1; i <= n; ++i) {
    const double s =
        terms_of(policy.models[0], {0, 0, 0ms}, m, w, static_cast<std::uint64_t>(i) * 77'777).success;
    ASSERT_GT(s, 0.2);
    ASSERT_LT(s, 1.0);
    sum += s;
    squares += s * s;
  }
  const double mean = sum / n, variance = squares / n - mean * mean;
  EXPECT_NEAR(mean, 0.75, 0.003);
  EXPECT_NEAR(variance, 0.75 * 0.25 / 41, 0.0003);  // of Beta(30, 10)
  EXPECT_DOUBLE_EQ(terms_of(policy.models[0], {0, 0, 0ms}, m, w, 0).success, 0.75);
}

TEST_F(Ordering, NothingIsAllocatedOnceWarm) {
  answers(0, 20, 500ms, 80);
  answers(1, 20, 100ms, 300);
  choose("auto:balanced", 1);
  const unsigned long before = allocations();
  for (std::uint64_t seed = 2; seed < 200; ++seed) {
    inputs.seed = seed * 0x9E3779B97F4A7C15ULL;
    decide(inputs, decision);
  }
  EXPECT_EQ(allocations() - before, 0u);
}

}  // namespace
}  // namespace freellmapi::routing::testing
