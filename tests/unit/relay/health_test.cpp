#include "relay/health.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
constexpr base::Instant start{1h};
constexpr std::uint64_t model = 7, provider = 8;

TEST(Health, CountsFailuresInARowUntilASuccess) {
  Health health;
  EXPECT_EQ(health.failed(7, start, 15min), 1u);
  EXPECT_EQ(health.failed(7, start + 1min, 15min), 2u);
  EXPECT_EQ(health.failed(8, start + 1min, 15min), 1u);
  health.succeeded(7);
  EXPECT_EQ(health.failed(7, start + 2min, 15min), 1u);
}

TEST(Health, RemembersOverABenchThatLastsADay) {
  Health health;
  EXPECT_EQ(health.failed(7, start, 24h + 15min), 1u);
  EXPECT_EQ(health.failed(7, start + 24h, 24h + 15min), 2u);
  EXPECT_EQ(health.failed(7, start + 49h, 24h + 15min), 1u);
}

class ACircuit : public testing::Test {
 protected:
  Health health;

  void SetUp() override {
    for (int i = 0; i < 3; ++i) health.failed(model, start, 15min);
    health.open(model);
  }
  bool enter(Health::Visit& visit, base::Instant now = start, bool insists = false) {
    return health.enter(model, provider, now, insists, visit);
  }
};

TEST_F(ACircuit, ThatIsOpenLetsOneRequestThroughAndTheOthersPassBy) {
  EXPECT_FALSE(health.quiet());
  Health::Visit first, second;
  EXPECT_TRUE(enter(first));
  EXPECT_TRUE(first.probes(model));
  EXPECT_FALSE(first.probes(provider));
  EXPECT_FALSE(enter(second));
}

TEST_F(ACircuit, IsPassedByOneWhoHasNobodyElseLeft) {
  Health::Visit first, second;
  enter(first);
  EXPECT_TRUE(enter(second, start, true));
  EXPECT_FALSE(second.probes(model));
}

TEST_F(ACircuit, ClosesAtTheFirstSignOfAnAnswerButRemembersItsFailures) {
  Health::Visit first, second;
  enter(first);
  first.answered();
  EXPECT_TRUE(health.quiet());
  EXPECT_TRUE(enter(second));
  EXPECT_FALSE(second.probes(model));
  EXPECT_EQ(health.failed(model, start, 15min), 4u);
}

TEST_F(ACircuit, IsForgottenAtASuccess) {
  health.succeeded(model);
  EXPECT_TRUE(health.quiet());
  EXPECT_EQ(health.failed(model, start, 15min), 1u);
}

TEST_F(ACircuit, LetsTheNextOneFindOutWhenAProbeEndsWithoutAWord) {
  {
    Health::Visit first;
    enter(first);
  }
  Health::Visit second;
  EXPECT_TRUE(enter(second));
  EXPECT_TRUE(second.probes(model));
}

TEST_F(ACircuit, WaitsNoMoreThanFiveSecondsForTheWordOfAProbe) {
  Health::Visit first, second, third;
  enter(first);
  EXPECT_FALSE(enter(second, start + 4s));
  EXPECT_TRUE(enter(second, start + 5s));
  EXPECT_TRUE(second.probes(model));
  first.answered();
  EXPECT_TRUE(enter(third, start + 6s)) << "late, but an answer";
  EXPECT_FALSE(third.probes(model));
}

TEST_F(ACircuit, GrowsByProbesAloneNotByWhatWasUnderWayWhenItOpened) {
  EXPECT_EQ(health.failed(model, start, 15min), 0u);
  EXPECT_EQ(health.failed(model, start, 15min), 0u);
  Health::Visit probe;
  enter(probe);
  EXPECT_EQ(health.failed(model, start, 15min, probe.probes(model)), 4u);
}

TEST_F(ACircuit, IsForgottenWhenItsLastFailureLiesLongBack) {
  Health::Visit visit;
  EXPECT_TRUE(enter(visit, start + 16min));
  EXPECT_FALSE(visit.probes(model));
  EXPECT_TRUE(health.quiet());
}

TEST(Health, CountsItsOpenCircuitsOverAllThreads) {
  Health health;
  const auto one = [&health](std::uint64_t seed) {
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const std::uint64_t name = 1 + (seed * 7 + i) % 5;
      const base::Instant now = start + std::chrono::milliseconds{i};
      Health::Visit visit;
      if (!health.enter(name, name + 100, now, i % 7 == 0, visit)) continue;
      if (i % 3 == 0) {
        health.failed(name, now, 15min, visit.probes(name));
        health.open(name);
      } else if (i % 3 == 1) {
        visit.answered();
      } else {
        health.succeeded(name);
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back(one, seed);
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t name = 1; name <= 5; ++name) health.succeeded(name);
  EXPECT_TRUE(health.quiet());
}

TEST_F(ACircuit, OfAProviderHoldsAllItsModelsBack) {
  health.failed(provider, start, 15min);
  health.open(provider);
  Health::Visit other, second, third;
  EXPECT_TRUE(health.enter(99, provider, start, false, other));
  EXPECT_FALSE(enter(second));
  EXPECT_TRUE(enter(third, start, true)) << "what the second had taken of the model's circuit is given back";
  EXPECT_TRUE(third.probes(model));
}

}  // namespace
}  // namespace freellmapi::relay
