// A second coroutine beside one that runs, which begins later if at all and is joined in the end.
#pragma once

#include <exception>

#include "net/deadline.hpp"
#include "net/local_core.hpp"

namespace freellmapi::net {

/// Belongs to the coroutine beside which the work runs. That coroutine awaits join() on every way out, so
/// that it never ends before the work does, and may lend it whatever it has; only a core that is closed
/// destroys both as they stand, the work first. Both are on the same core: what they share needs no lock.
/// Costs a field until the work begins.
class Beside {
 public:
  /// Makes the work, when its moment has come.
  using Make = Task<void> (*)(void* owner);

  Beside(Core& core, void* owner, Make make) noexcept;
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  /// At most 50 ms late. At most once.
  void begin_at(base::Instant when) { begins_.set(when); }
  /// If it has not begun, it never will.
  void call_off() noexcept { begins_.clear(); }
  bool begun() const noexcept { return begun_; }
  /// Calls it off, or waits until it has ended. What escaped from it is thrown here. To end it sooner is
  /// for whoever can cancel what it waits in.
  Task<void> join();

 private:
  void begin() noexcept;
  Task<void> run();

  LocalCore& core_;
  void* const owner_;
  const Make make_;
  Deadline begins_;
  Event ended_;
  bool begun_ = false;
  std::exception_ptr failure_;
  Task<void> work_;
};

}  // namespace freellmapi::net
