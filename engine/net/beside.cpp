#include "net/beside.hpp"

namespace freellmapi::net {

// There is one kind of core.
Beside::Beside(Core& core, void* owner, Make make) noexcept
    : core_(static_cast<LocalCore&>(core)),
      owner_(owner),
      make_(make),
      begins_(core_.sweeper(), this, [](void* self) noexcept { static_cast<Beside*>(self)->begin(); }),
      ended_(core_.io()) {}

void Beside::begin() noexcept {
  begun_ = true;
  try {
    work_ = run();
    work_.start();
  } catch (...) {
    failure_ = std::current_exception();
    ended_.set();
  }
}

Task<void> Beside::run() {
  try {
    co_await make_(owner_);
  } catch (...) {
    failure_ = std::current_exception();
  }
  ended_.set();
}

Task<void> Beside::join() {
  call_off();
  if (!begun_) co_return;
  co_await ended_;
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace freellmapi::net
