#include "base/lock.hpp"

namespace freellmapi::base {

// Whoever has waited takes it as one that others may wait for: it can not tell.
void Lock::wait() noexcept {
  while (state_.exchange(awaited, std::memory_order_acquire) != free)
    state_.wait(awaited, std::memory_order_relaxed);
}

void Lock::wake() noexcept { state_.notify_one(); }

}  // namespace freellmapi::base
