#include "net/deadline.hpp"

namespace freellmapi::net {

namespace {
constexpr std::chrono::milliseconds tick{50};
}

void Deadline::set(base::Instant when) {
  when_ = when;
  if (!linked_) sweeper_.link(*this);
}

void Deadline::set_after(std::chrono::milliseconds limit) {
  if (limit.count() <= 0) {
    clear();
  } else {
    set(sweeper_.clock().steady() + limit);
  }
}

void Deadline::clear() noexcept {
  if (linked_) sweeper_.unlink(*this);
}

void Sweeper::link(Deadline& deadline) {
  deadline.linked_ = true;
  deadline.before_ = nullptr;
  deadline.after_ = first_;
  if (first_ != nullptr) first_->before_ = &deadline;
  first_ = &deadline;
  if (!armed_) arm();
}

void Sweeper::unlink(Deadline& deadline) noexcept {
  if (next_ == &deadline) next_ = deadline.after_;
  if (deadline.before_ != nullptr) deadline.before_->after_ = deadline.after_;
  if (deadline.after_ != nullptr) deadline.after_->before_ = deadline.before_;
  if (first_ == &deadline) first_ = deadline.after_;
  deadline.before_ = deadline.after_ = nullptr;
  deadline.linked_ = false;
}

void Sweeper::arm() {
  if (!timer_) return;
  armed_ = true;
  timer_->expires_after(tick);
  timer_->async_wait([this](const ErrorCode& ec) {
    if (ec) return;
    armed_ = false;
    sweep(false);
    if (first_ != nullptr && !armed_) arm();
  });
}

void Sweeper::sweep(bool everything) noexcept {
  const base::Instant now = clock_.steady();
  for (Deadline* at = first_; at != nullptr; at = next_) {
    next_ = at->after_;
    if (!everything && at->when_ > now) continue;
    unlink(*at);
    at->fire_(at->owner_);
  }
  next_ = nullptr;
}

void Sweeper::fire_all() noexcept { sweep(true); }

}  // namespace freellmapi::net
