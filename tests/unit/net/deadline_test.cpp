// The wheel that deadlines are in. The clock is the test's; the wheel turns by the loop's own timer.
#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace freellmapi::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Wheel {
  base::ManualClock clock;
  asio::io_context io;
  Sweeper sweeper{io, clock};

  void turn_after(milliseconds by) {
    clock.advance(by);
    io.run_one();
  }
};

struct Watched {
  explicit Watched(Wheel& wheel)
      : deadline(wheel.sweeper, this, [](void* self) noexcept { static_cast<Watched*>(self)->passed(); }) {}
  void passed() noexcept {
    ++times;
    if (other != nullptr) other->reset();
    if (again.count() > 0) deadline.set_after(again);
  }
  int times = 0;
  std::unique_ptr<Watched>* other = nullptr;
  milliseconds again{0};
  Deadline deadline;
};

TEST(Deadline, PassesOnceAndNotBeforeItsTime) {
  Wheel wheel;
  Watched watched(wheel);
  watched.deadline.set_after(milliseconds{200});
  wheel.turn_after(milliseconds{199});
  EXPECT_EQ(watched.times, 0);
  wheel.turn_after(milliseconds{1});
  EXPECT_EQ(watched.times, 1);
  EXPECT_FALSE(watched.deadline.pending());
  wheel.turn_after(hours{1});
  EXPECT_EQ(watched.times, 1);
}

TEST(Deadline, PassesInItsTimeHoweverFarItIs) {
  Wheel wheel;
  Watched watched(wheel);
  watched.deadline.set_after(seconds{60});
  for (int i = 0; i < 30; ++i) wheel.turn_after(milliseconds{1'999});
  EXPECT_EQ(watched.times, 0);
  wheel.turn_after(milliseconds{30});
  EXPECT_EQ(watched.times, 1);
}

TEST(Deadline, PassesWhenTheClockRunsFasterThanTheWheel) {
  Wheel wheel;
  Watched soon(wheel), later(wheel), much_later(wheel);
  soon.deadline.set_after(milliseconds{10});
  later.deadline.set_after(seconds{3});
  much_later.deadline.set_after(hours{2});
  wheel.turn_after(hours{1});
  EXPECT_EQ(soon.times + later.times, 2);
  EXPECT_EQ(much_later.times, 0);
  wheel.turn_after(hours{1});
  EXPECT_EQ(much_later.times, 1);
}

TEST(Deadline, ThatIsMovedPassesWhereItWasMovedTo) {
  Wheel wheel;
  Watched later(wheel), sooner(wheel);
  later.deadline.set_after(milliseconds{100});
  later.deadline.set_after(milliseconds{300});
  sooner.deadline.set_after(milliseconds{300});
  sooner.deadline.set_after(milliseconds{100});
  wheel.turn_after(milliseconds{120});
  EXPECT_EQ(later.times, 0);
  EXPECT_EQ(sooner.times, 1);
  wheel.turn_after(milliseconds{180});
  EXPECT_EQ(later.times, 1);
}

TEST(Deadline, ThatIsClearedNeverPassesAndMayBeSetAgain) {
  Wheel wheel;
  Watched watched(wheel);
  watched.deadline.set_after(milliseconds{100});
  watched.deadline.clear();
  EXPECT_FALSE(watched.deadline.pending());
  watched.deadline.set_after(seconds{1});
  wheel.turn_after(milliseconds{900});
  EXPECT_EQ(watched.times, 0);
  watched.deadline.set_after(milliseconds{0});
  wheel.turn_after(hours{1});
  EXPECT_EQ(watched.times, 0);
}

TEST(Deadline, MayDestroyAnotherThatIsDueAndSetItselfAgain) {
  Wheel wheel;
  auto first = std::make_unique<Watched>(wheel), second = std::make_unique<Watched>(wheel);
  // Whichever is looked at first destroys the other.
  first->other = &second;
  second->other = &first;
  first->again = second->again = milliseconds{100};
  first->deadline.set_after(milliseconds{100});
  second->deadline.set_after(milliseconds{100});
  wheel.turn_after(milliseconds{100});
  ASSERT_NE(first == nullptr, second == nullptr);
  const Watched& left = first ? *first : *second;
  EXPECT_EQ(left.times, 1);
  wheel.turn_after(milliseconds{99});
  EXPECT_EQ(left.times, 1);
  wheel.turn_after(milliseconds{1});
  EXPECT_EQ(left.times, 2);
}

TEST(Deadline, IsFiredWithAllOthersWhenTheCoreStopsButNotWhatIsSetMeanwhile) {
  Wheel wheel;
  Watched near(wheel), far(wheel), cleared(wheel);
  near.deadline.set_after(milliseconds{100});
  near.again = milliseconds{100};
  far.deadline.set_after(hours{1});
  cleared.deadline.set_after(milliseconds{100});
  cleared.deadline.clear();
  wheel.sweeper.fire_all();
  EXPECT_EQ(near.times, 1);
  EXPECT_EQ(far.times, 1);
  EXPECT_EQ(cleared.times, 0);
  EXPECT_TRUE(near.deadline.pending());
}

TEST(Deadline, LetsTheLoopSleepWhenNothingWaits) {
  Wheel wheel;
  Watched watched(wheel);
  watched.deadline.set_after(milliseconds{10});
  watched.deadline.clear();
  wheel.clock.advance(milliseconds{10});
  wheel.io.run();  // returns because no timer is left
  watched.deadline.set_after(milliseconds{10});
  wheel.io.restart();
  wheel.turn_after(milliseconds{10});
  EXPECT_EQ(watched.times, 1);
}

}  // namespace
}  // namespace freellmapi::net
