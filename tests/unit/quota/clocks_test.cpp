// Clocks that are set to many times, one after another, with the machine restarted in between: the provider's
// is among them, and nobody tells the router which it is.
#include <cstdlib>
#include <random>

#include "disk.hpp"
#include "reference.hpp"

namespace freellmapi::quota::testing {
namespace {

using policy::Per;
using policy::Reset;
using policy::Unit;
using std::chrono::milliseconds;

class Clocks : public Mortal {
 protected:
  std::uint64_t draw(std::uint64_t below) { return random() % below; }
  milliseconds up_to(milliseconds most) {
    return milliseconds{
        static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 1))))};
  }
  TrueTime time() const { return TrueTime{clock.wall() - skew}; }

  void begin(std::uint32_t seed) {
    random.seed(seed);
    clock = base::ManualClock{};
    skew = wrong_for = milliseconds{0};
    boot_at = {};
    policy = nullptr;
    open(std::make_unique<HeapBytes>());
    graves.clear();
    static constexpr Per pers[] = {Per::minute, Per::hour, Per::day, Per::day, Per::week, Per::month};
    static constexpr std::chrono::seconds lengths[] = {60s, 3600s, 24h, 24h, 24h * 7, 24h * 30};
    static constexpr const char* zones[] = {"UTC", "America/Los_Angeles", "Asia/Shanghai"};
    const std::size_t which = draw(6);
    day = rule(100, Unit::requests, pers[which], lengths[which], Reset::wall_clock);
    day.zone = zones[draw(3)];
    with({day});
    provider = std::make_unique<ReferenceWindow>(day);
    others.clear();
    const milliseconds widest =
        std::vector<milliseconds>{10s, length() / 10, length() / 2, 3 * length()}[draw(4)];
    // Less than a second is a clock that is being kept right.
    for (std::uint64_t n = 1 + draw(5); n > 0; --n)
      others.push_back(std::chrono::floor<std::chrono::seconds>(up_to(2 * widest) - widest) / 4 * 4 + 2s);
  }
  milliseconds length() const { return day.length; }

  void pass(milliseconds by) {
    clock.advance(by);
    wrong_for += by;
    if (wrong_for < std::max<milliseconds>(2 * length(), 24h) * 6 / 10) return;
    set_to(milliseconds{0});
    ask(1);
  }
  void set_to(milliseconds wanted) {
    clock.jump_wall(wanted - skew);
    skew = wanted;
  }
  void ask(std::uint64_t times) {
    if (skew.count() == 0) wrong_for = skew;
    for (; times > 0; --times) {
      Reservation made = reserve();
      if (!made) return;
      provider->arrived(time(), 1);
      ledger->settle(std::move(made), {}, now());
      ++sent;
    }
  }

  std::mt19937_64 random;
  policy::Rule day;
  std::unique_ptr<ReferenceWindow> provider;
  std::vector<milliseconds> others;    // how far wrong clocks are ahead
  milliseconds skew{0}, wrong_for{0};  // since the router last saw the right one
  std::uint64_t sent = 0;
};

/// `LIVES=20000` for a sweep by hand.
TEST_F(Clocks, HoweverManyNoneOfThemFreesAndNoneStopsForLongerThanTwoPeriods) {
  const char* const wanted = std::getenv("LIVES");
  const std::uint64_t lives = wanted == nullptr ? 1500 : std::strtoull(wanted, nullptr, 10);
  for (std::uint32_t seed = 1; seed <= lives; ++seed) {
    begin(seed);
    for (int i = 0; i < 300; ++i) {
      pass(up_to(draw(4) == 0 ? length() / 3 : length() / 40));
      const std::uint64_t what = draw(20);
      if (what < 12) {
        ask(1 + draw(draw(4) == 0 ? 100 : 10));
      } else if (what < 16) {
        set_to(draw(4) == 0 ? milliseconds{0} : others[draw(others.size())]);
      } else if (what == 17) {
        ledger->read_clocks(now());
        if (draw(2) == 0) boot_at = clock.since_boot().time_since_epoch();
        kill({static_cast<std::uint64_t>(boot_at.count()), 1});
        graves.clear();
      }
    }
    ASSERT_LE(provider->worst(), 100u) << "seed " << seed << ", " << day.length.count() << " s, " << day.zone;
    // From now on nobody sets it.
    while (reserve()) {
    }
    ASSERT_EQ(last.state, State::full);
    const milliseconds stopped = last.free_at - clock.wall();
    ASSERT_LE(stopped, 2 * (length() + length() / 20) + 5s) << "seed " << seed;
    clock.advance(stopped);
    ASSERT_TRUE(reserve()) << "seed " << seed;
  }
  EXPECT_GT(sent, lives * 150) << "the test must not be content with refusals";
}

TEST_F(Clocks, OneThatIsSetByAFewSecondsDoesNotBringThePeriodBeforeBack) {
  with({per_day(4)});
  clock.advance(10h);
  EXPECT_EQ(fill(), 4u);
  clock.advance(24h);
  EXPECT_TRUE(reserve());
  clock.jump_wall(3s);  // by this clock it was 23:59:57 when the day began
  EXPECT_EQ(fill(), 3u);
}

TEST_F(Clocks, OneThatIsSetByMinutesBringsBackWhatWasSentInThem) {
  with({per_day(4)});
  clock.advance(24h - 5min);
  EXPECT_TRUE(reserve());
  clock.advance(10h);
  clock.jump_wall(10min);
  EXPECT_EQ(fill(), 3u);
}

TEST_F(Clocks, OneThatIsSetBeforeTheFirstRequestIsSeenToBeSet) {
  with({per_day(4)});
  clock.jump_wall(-8h);
  clock.advance(7h + 30min);
  EXPECT_EQ(fill(), 4u);
  clock.advance(1h);  // midnight by the one that it was set to
  EXPECT_EQ(fill(), 0u);
  clock.advance(16h);
  EXPECT_EQ(fill(), 4u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
