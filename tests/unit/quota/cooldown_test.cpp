#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

class Bench : public World {
 protected:
  void SetUp() override {
    use(PolicyText{}.provider("p").key(1).key(2).model("a").model("b").provider("q").key(3).model("c"));
  }
  void bench(BenchScope scope, std::chrono::milliseconds length, std::string_view reason = "rate_limited") {
    ledger.bench(*plan, scope, 0, 0, clock.wall() + length, reason, now());
  }
  /// Which of (key1,a) (key1,b) (key2,a) (key2,b) (q) are benched.
  std::string benched() {
    std::string out;
    for (const auto& [key, model] : {std::pair{0u, 0u}, {0u, 1u}, {1u, 0u}, {1u, 1u}, {2u, 2u}}) {
      out += check({}, key, model).state == State::benched ? 'x' : '.';
    }
    return out;
  }
};

TEST_F(Bench, EachScopeCoversWhatItSays) {
  bench(BenchScope::key_model, 10s);
  EXPECT_EQ(benched(), "x....");
  clock.advance(10s);
  bench(BenchScope::key, 10s);
  EXPECT_EQ(benched(), "xx...");
  clock.advance(10s);
  bench(BenchScope::model, 10s);
  EXPECT_EQ(benched(), "x.x..");
  clock.advance(10s);
  bench(BenchScope::provider, 10s);
  EXPECT_EQ(benched(), "xxxx.");
  clock.advance(10s);
  EXPECT_EQ(benched(), ".....");
}

TEST_F(Bench, TellsWhyAndUntilWhenAndReservesNothing) {
  bench(BenchScope::key_model, 10s, "overloaded");
  EXPECT_FALSE(reserve());
  EXPECT_EQ(last.state, State::benched);
  EXPECT_EQ(last.reason, "overloaded");
  EXPECT_EQ(last.free_at, clock.wall() + 10s);
  EXPECT_EQ(last.rule, nullptr);
}

TEST_F(Bench, IsNeverShortened) {
  bench(BenchScope::key_model, 60s, "long");
  bench(BenchScope::key_model, 5s, "short");
  EXPECT_EQ(check().free_at, clock.wall() + 60s);
  EXPECT_EQ(check().reason, "long");
  bench(BenchScope::key_model, 90s, "longer");
  EXPECT_EQ(check().reason, "longer");
  bench(BenchScope::key_model, -5s);
  EXPECT_EQ(check().free_at, clock.wall() + 90s);
}

TEST_F(Bench, OfSeveralTheLongestIsTold) {
  bench(BenchScope::key_model, 5s, "pair");
  bench(BenchScope::provider, 50s, "provider");
  bench(BenchScope::key, 20s, "key");
  EXPECT_EQ(check().reason, "provider");
}

TEST_F(Bench, ASuccessTakesAwayWhatWasSaidBeforeItFromKeyAndModel) {
  bench(BenchScope::key_model, 60s);
  bench(BenchScope::key, 60s);
  bench(BenchScope::model, 60s);
  bench(BenchScope::provider, 60s);
  // The clock goes on by an hour, and a request is sent before somebody puts it back.
  clock.advance(1s);
  clock.jump_wall(1h);
  const Reservation sent = reserve();
  ASSERT_TRUE(sent);
  clock.jump_wall(-1h);
  EXPECT_EQ(benched(), "xxxx.");
  bench(BenchScope::provider, 1s);
  ledger.recovered(sent);
  EXPECT_EQ(benched(), "xxxx.") << "one success says little about a whole provider";
  clock.advance(59s);
  EXPECT_EQ(benched(), ".....");
}

TEST_F(Bench, ASuccessDoesNotLiftWhatWasSaidWhileItWasUnderWay) {
  for (const BenchScope scope : {BenchScope::key_model, BenchScope::key, BenchScope::model}) {
    const Reservation slow = reserve();
    ASSERT_TRUE(slow);
    clock.advance(1s);
    bench(scope, 60s);
    const std::string before = benched();
    clock.advance(1s);
    ledger.recovered(slow);
    EXPECT_EQ(benched(), before) << "the refusal is the newer word";
    EXPECT_EQ(before.front(), 'x');
    clock.advance(60s);
    EXPECT_EQ(benched(), ".....");
  }
}

TEST_F(Bench, SaidAgainIsANewWord) {
  bench(BenchScope::key_model, 60s);
  clock.advance(1s);
  clock.jump_wall(1h);
  const Reservation sent = reserve();
  clock.jump_wall(-1h);
  clock.advance(1s);
  bench(BenchScope::key_model, 5s);
  ledger.recovered(sent);
  EXPECT_EQ(benched(), "x....") << "shorter than what runs, and yet newer than the request";
}

TEST_F(Bench, AWallClockSetBackDoesNotProlongIt) {
  bench(BenchScope::key, 60s);
  clock.jump_wall(-24h);
  EXPECT_EQ(check().free_at, clock.wall() + 60s);
  clock.advance(60s);
  EXPECT_EQ(benched(), ".....");
}

TEST_F(Bench, ASuspendedMachineEndsItByTheWallClock) {
  bench(BenchScope::key, 60s);
  clock.jump_wall(60s);
  EXPECT_EQ(benched(), ".....");
}

}  // namespace
}  // namespace freellmapi::quota::testing
