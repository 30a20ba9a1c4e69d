// A mutex for what takes a few instructions.
#pragma once

#include <atomic>
#include <cstdint>

namespace freellmapi::base {

/// As std::mutex, without a call while nobody else holds it: what a request does under its locks is shorter
/// than the library's own way in and out. Who has to wait sleeps. For std::lock_guard; not recursive, not for
/// condition variables.
class Lock {
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() noexcept {
    std::uint32_t seen = free;
    if (!state_.compare_exchange_strong(seen, held, std::memory_order_acquire, std::memory_order_relaxed))
      wait();
  }
  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == awaited) wake();
  }

 private:
  static constexpr std::uint32_t free = 0, held = 1, awaited = 2;
  void wait() noexcept;
  void wake() noexcept;

  std::atomic<std::uint32_t> state_{free};
};

}  // namespace freellmapi::base
