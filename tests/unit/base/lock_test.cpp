#include "base/lock.hpp"

#include <gtest/gtest.h>

#include <array>
#include <mutex>
#include <thread>

namespace freellmapi::base {
namespace {

TEST(Lock, OneAtATimeIsBehindIt) {
  constexpr int rounds = 20'000;
  Lock lock;
  int within = 0, most = 0, sum = 0;
  const auto work = [&] {
    for (int i = 0; i < rounds; ++i) {
      const std::lock_guard guard(lock);
      most = std::max(most, ++within);
      ++sum;
      --within;
    }
  };
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) thread = std::thread(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(sum, rounds * 4);
}

TEST(Lock, WhoWaitsGoesOnWhenItIsGivenBack) {
  Lock lock;
  bool entered = false;
  lock.lock();
  std::thread other([&] {
    const std::lock_guard guard(lock);
    entered = true;
  });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(entered);
  lock.unlock();
  other.join();
  EXPECT_TRUE(entered);
}

}  // namespace
}  // namespace freellmapi::base
