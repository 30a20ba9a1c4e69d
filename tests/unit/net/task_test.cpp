// The coroutine type: when it begins, what it gives, when it goes.
#include "net/task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "net/local_core.hpp"
#include "net/loop.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;

void run(const std::function<Task<void>(Core&)>& body) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  const auto ran = run_on_core(clock, log, UpstreamOptions(), body);
  ASSERT_TRUE(ran) << ran.error().text();
}

Task<int> count(int& calls) { co_return ++calls; }

Task<void> nap(Core& core) {
  const base::Instant until = core.clock().steady() + milliseconds{1};
  co_await core.sleep_until(until);
}

Task<int> fail(Core& core, bool after_a_wait) {
  if (after_a_wait) co_await nap(core);
  throw std::runtime_error("failed");
}

Task<void> expect_failure(Core& core, bool after_a_wait) {
  bool caught = false;
  try {
    co_await fail(core, after_a_wait);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

TEST(Task, BeginsWhenItIsAwaited) {
  const auto body = [](Core&) -> Task<void> {
    int calls = 0;
    Task<int> task = count(calls);
    EXPECT_EQ(calls, 0);
    const int given = co_await std::move(task);
    EXPECT_EQ(given, 1);
  };
  run(body);
}

TEST(Task, ThatIsNeverAwaitedNeverBegins) {
  int calls = 0;
  { const Task<int> task = count(calls); }
  EXPECT_EQ(calls, 0);
}

TEST(Task, IsAValueToo) {
  const auto body = [](Core&) -> Task<void> {
    Task<int> known(7);
    const int given = co_await std::move(known);
    EXPECT_EQ(given, 7);
    co_await Task<void>();
  };
  run(body);
}

TEST(Task, WhatEscapesIsThrownWhereItIsAwaited) {
  run([](Core& core) { return expect_failure(core, false); });
  run([](Core& core) { return expect_failure(core, true); });
}

TEST(Task, StepsThatNeverWaitUseNoStack) {
  const auto body = [](Core&) -> Task<void> {
    int calls = 0;
    for (int i = 0; i < 1'000'000; ++i) co_await count(calls);
    EXPECT_EQ(calls, 1'000'000);
  };
  run(body);
}

struct Lives {
  explicit Lives(int& number) : number_(number) { ++number_; }
  ~Lives() { --number_; }
  Lives(const Lives&) = delete;
  Lives& operator=(const Lives&) = delete;
  int& number_;
};

Task<void> wait_for_ever(Core& core, int& alive) {
  const Lives within(alive);
  co_await core.sleep_until(base::Instant::max());
}

Task<void> wait_beneath(Core& core, int& alive) {
  const Lives within(alive);
  co_await wait_for_ever(core, alive);
}

TEST(Task, ThatStillWaitsGoesWithItsCore) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  TlsStore tls;
  int alive = 0;
  LocalCore core(0, clock, log, UpstreamOptions(), tls);
  core.spawn("waits", wait_beneath(core, alive));
  core.spawn("waits too", wait_beneath(core, alive));
  core.io().run_one();
  core.io().run_one();
  EXPECT_EQ(alive, 4);
  core.close();
  EXPECT_EQ(alive, 0);
}

TEST(Task, ThatNeverBeganGoesWithItsCore) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  TlsStore tls;
  int alive = 0;
  LocalCore core(0, clock, log, UpstreamOptions(), tls);
  core.spawn("waits", wait_for_ever(core, alive));
  core.close();
  EXPECT_EQ(alive, 0);
}

TEST(Frames, AreKeptWhenGivenBackAndTakenAgainUnlessASanitizerIsToSeeThem) {
  Frames::release();
  Frames::give(Frames::take(300), 300);
  EXPECT_EQ(Frames::kept(), Frames::keeps ? 320U : 0U);
  void* const again = Frames::take(280);
  EXPECT_EQ(Frames::kept(), 0U);
  Frames::give(again, 280);
  Frames::release();
  EXPECT_EQ(Frames::kept(), 0U);
}

TEST(Frames, AreKeptUpToABound) {
  constexpr std::size_t size = 2'048;
  std::vector<void*> taken;
  for (std::size_t bytes = 0; bytes <= 2 * Frames::most; bytes += size) taken.push_back(Frames::take(size));
  for (void* const frame : taken) Frames::give(frame, size);
  EXPECT_EQ(Frames::kept(), Frames::keeps ? Frames::most : 0U);
  Frames::release();
}

}  // namespace
}  // namespace freellmapi::net::testing
