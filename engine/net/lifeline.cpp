#include "net/lifeline.hpp"

#include <algorithm>

#include "net/stream.hpp"

namespace freellmapi::net {

namespace {
constexpr base::Instant never = base::Instant::max();
// See Readiness: an end of file that the kernel told of together with bytes.
constexpr std::chrono::milliseconds unseen_end{100};
}  // namespace

struct CancellerAccess {
  static void attach(Canceller& canceller, Lifeline& line) {
    canceller.target_ = &line;
    canceller.stop_ = [](void* target) noexcept { static_cast<Lifeline*>(target)->stop(Fault::cancelled); };
  }
  static void detach(Canceller& canceller, const Lifeline& line) noexcept {
    if (canceller.target_ != &line) return;
    canceller.target_ = nullptr;
    canceller.stop_ = nullptr;
  }
};

void Canceller::cancel() noexcept {
  cancelled_ = true;
  if (stop_ != nullptr) stop_(target_);
}

Lifeline::Lifeline(LocalCore& core, Canceller& canceller, std::chrono::milliseconds total, base::Instant now)
    : canceller_(canceller),
      deadline_(core.sweeper(), this, [](void* self) noexcept { static_cast<Lifeline*>(self)->look(); }),
      total_at_(total.count() > 0 ? now + total : never),
      phase_at_(never),
      look_at_(never) {
  CancellerAccess::attach(canceller, *this);
  if (canceller.cancelled()) stopped_ = Fault::cancelled;
}

Lifeline::~Lifeline() { CancellerAccess::detach(canceller_, *this); }

void Lifeline::phase(Fault fault, std::chrono::milliseconds limit, base::Instant now) {
  phase_fault_ = fault;
  phase_at_ = limit.count() > 0 ? now + limit : never;
  look_at_ = stream_ != nullptr ? now + unseen_end : never;
  rearm();
}

void Lifeline::no_phase() {
  phase_at_ = look_at_ = never;
  rearm();
}

std::optional<base::Instant> Lifeline::phase_end() const noexcept {
  const base::Instant end = std::min(phase_at_, total_at_);
  return end == never ? std::nullopt : std::optional<base::Instant>(end);
}

void Lifeline::rearm() {
  const base::Instant next = std::min({phase_at_, total_at_, look_at_});
  if (next == never || stopped_) {
    deadline_.clear();
  } else {
    deadline_.set(next);
  }
}

void Lifeline::look() noexcept {
  if (look_at_ < std::min(phase_at_, total_at_)) {
    look_at_ = never;
    rearm();
    if (stream_ != nullptr) stream_->look();
    return;
  }
  stop(total_at_ <= phase_at_ ? Fault::timeout_total : phase_fault_);
}

void Lifeline::stop(Fault fault) noexcept {
  if (stopped_) return;
  stopped_ = fault;
  deadline_.clear();
  if (stream_ != nullptr) stream_->close();
  if (event_ != nullptr) event_->set();
}

}  // namespace freellmapi::net
