#include "net/deadline.hpp"

#include <algorithm>

namespace freellmapi::net {

namespace {
constexpr std::chrono::milliseconds tick{50};

std::int64_t turn_of(base::Instant when) noexcept { return when.time_since_epoch() / tick; }
}  // namespace

Deadline::~Deadline() {
  if (place_ != nullptr) Sweeper::unlink(*this);
}

void Deadline::set(base::Instant when) {
  when_ = when;
  if (place_ != nullptr) {
    if (turn_of(when) >= turn_) return;
    Sweeper::unlink(*this);
  }
  sweeper_.link(*this);
}

void Deadline::set_after(std::chrono::milliseconds limit) {
  if (limit.count() <= 0) {
    clear();
  } else {
    set(sweeper_.clock().steady() + limit);
  }
}

void Sweeper::link(Deadline& deadline) {
  if (!armed_) turn_ = turn_of(clock_.steady());
  deadline.turn_ = std::clamp(turn_of(deadline.when_), turn_, turn_ + slots - 1);
  put(slot(deadline.turn_), deadline);
  if (!armed_) arm();
}

void Sweeper::put(Deadline*& first, Deadline& deadline) noexcept {
  deadline.after_ = first;
  deadline.place_ = &first;
  if (first != nullptr) first->place_ = &deadline.after_;
  first = &deadline;
}

void Sweeper::unlink(Deadline& deadline) noexcept {
  *deadline.place_ = deadline.after_;
  if (deadline.after_ != nullptr) deadline.after_->place_ = deadline.place_;
  deadline.place_ = nullptr;
}

void Sweeper::arm() {
  if (!timer_) return;
  armed_ = true;
  timer_->expires_after(tick);
  timer_->async_wait([this](const ErrorCode& ec) {
    if (ec) return;
    sweep();
    armed_ =
        std::any_of(slots_.begin(), slots_.end(), [](const Deadline* first) { return first != nullptr; });
    if (armed_) arm();
  });
}

void Sweeper::sweep() noexcept {
  const base::Instant now = clock_.steady();
  const std::int64_t here = turn_of(now);
  for (std::int64_t turn = std::max(turn_, here - slots + 1); turn <= here; ++turn) take(slot(turn));
  turn_ = here;  // what is due later in this turn is put there again
  look(now);
}

// All of a slot at once, for what is fired may set and destroy others.
void Sweeper::take(Deadline*& first) noexcept {
  while (first != nullptr) {
    Deadline& deadline = *first;
    unlink(deadline);
    put(taken_, deadline);
  }
}

void Sweeper::look(base::Instant now) noexcept {
  while (taken_ != nullptr) {
    Deadline& deadline = *taken_;
    unlink(deadline);
    if (!deadline.pending()) continue;
    if (deadline.when_ > now) {
      link(deadline);
    } else {
      deadline.clear();
      deadline.fire_(deadline.owner_);
    }
  }
}

void Sweeper::fire_all() noexcept {
  for (Deadline*& first : slots_) take(first);
  look(Deadline::never - tick);
}

}  // namespace freellmapi::net
