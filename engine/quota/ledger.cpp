#include "quota/ledger.hpp"

#include <algorithm>
#include <mutex>

#include "quota/amounts.hpp"
#include "quota/bytes.hpp"
#include "quota/plan.hpp"

namespace freellmapi::quota {
namespace {

const BoundPlan& bound(const Plan& plan) noexcept { return static_cast<const BoundPlan&>(plan); }

/// The cooldown that lasts longest, if any runs.
void add_cooldown(Verdict& verdict, Group& group, const Cooldown& cooldown, Now now) {
  if (!cooldown.on()) return;
  const std::lock_guard lock(group.mutex);
  if (!cooldown.running(now)) return;
  const base::WallTime free_at = cooldown.free_at(now);
  if (verdict.state == Verdict::State::benched && free_at <= verdict.free_at) return;
  verdict = {Verdict::State::benched, nullptr, free_at, cooldown.reason()};
}

bool benched(const Binding& b) noexcept {
  return b.pair->cooldown.on() || b.key->cooldown.on() || b.model->cooldown.on() || b.provider->cooldown.on();
}

Verdict cooldowns(const Binding& binding, Now now) {
  Verdict verdict;
  add_cooldown(verdict, *binding.key, binding.pair->cooldown, now);
  add_cooldown(verdict, *binding.key, binding.key->cooldown, now);
  add_cooldown(verdict, *binding.model, binding.model->cooldown, now);
  add_cooldown(verdict, *binding.provider, binding.provider->cooldown, now);
  return verdict;
}

Verdict against(Verdict::State state, const Slot& slot, base::WallTime free_at) noexcept {
  const policy::Rule& rule = *slot.rule;
  return {state,
          &rule,
          free_at,
          {},
          in_units(slot.window->used(), rule),
          in_units(slot.window->reserved(), rule),
          in_units(slot.window->limit(), rule)};
}

/// `verdict` says free before. REQUIRES: the binding's locks are held.
void windows(std::span<const Slot> slots, const Need& need, Now now, Verdict& verdict) noexcept {
  for (const Slot& slot : slots) {
    const Window::Answer answer = slot.window->ask(amount_of(slot.of, need), now);
    switch (answer.state) {
      case Window::Answer::State::fits:
        break;
      case Window::Answer::State::never:
        verdict = against(Verdict::State::never, slot, {});
        return;
      case Window::Answer::State::full:
        if (verdict.state == Verdict::State::free || answer.free_at > verdict.free_at) {
          verdict = against(Verdict::State::full, slot, answer.free_at);
        }
        break;
    }
  }
}

}  // namespace

struct Ledger::State {
  explicit State(Bytes& bytes) : memory(bytes) {}
  std::mutex mutex;  // binding and opening only
  Memory memory;
};

Ledger::Ledger() : own_bytes_(std::make_unique<HeapBytes>()), state_(std::make_unique<State>(*own_bytes_)) {
  // Empty bytes are always good.
  (void)state_->memory.slots().open({}, {});
}
Ledger::Ledger(std::unique_ptr<State> state)
    : state_(std::move(state)), offset_(state_->memory.slots().ledger_time_ahead()) {}
Ledger::~Ledger() = default;

base::Result<std::unique_ptr<Ledger>> Ledger::open(Bytes& bytes, BootId boot, Now now) {
  auto state = std::make_unique<State>(bytes);
  if (auto opened = state->memory.slots().open(boot, now); !opened) return opened.error();
  return std::unique_ptr<Ledger>(new Ledger(std::move(state)));
}

base::Result<std::shared_ptr<const Plan>> Ledger::bind(std::shared_ptr<const policy::Policy> policy) {
  const std::lock_guard lock(state_->mutex);
  auto plan = BoundPlan::make(std::move(policy), state_->memory);
  state_->memory.trim();
  if (!plan) return plan.error();
  return std::shared_ptr<const Plan>(std::move(*plan));
}

void Ledger::read_clocks(Now now) {
  const std::lock_guard lock(state_->mutex);
  state_->memory.slots().read_clocks(now);
}

Verdict Ledger::check(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, const Need& need,
                      Now given) const {
  const Binding* binding = bound(plan).find(key, model);
  if (binding == nullptr) return {Verdict::State::never, nullptr, {}, {}};
  const Now now = in_ledger_time(given);
  Verdict verdict;
  if (benched(*binding)) verdict = cooldowns(*binding, now);
  if (verdict.state != Verdict::State::free) return verdict;
  const Locked locked(bound(plan).locks(*binding));
  windows(bound(plan).slots(*binding), need, now, verdict);
  return verdict;
}

Verdict Ledger::reserve(const std::shared_ptr<const Plan>& plan, policy::KeyIndex key,
                        policy::ModelIndex model, const Need& need, Now given, Reservation& out) {
  if (out) {  // what it held is let go when there is something in its place
    Reservation other;
    const Verdict verdict = reserve(plan, key, model, need, given, other);
    if (other) out = std::move(other);
    return verdict;
  }
  Verdict verdict;
  const Binding* binding = bound(*plan).find(key, model);
  if (binding == nullptr) {
    verdict.state = Verdict::State::never;
    return verdict;
  }
  const Now now = in_ledger_time(given);
  if (benched(*binding)) verdict = cooldowns(*binding, now);
  if (verdict.state != Verdict::State::free) return verdict;

  const std::span<const Slot> slots = bound(*plan).slots(*binding);
  {
    const Locked locked(bound(*plan).locks(*binding));
    windows(slots, need, now, verdict);
    if (verdict.state != Verdict::State::free) return verdict;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Window& window = *slots[i].window;
      const std::int64_t mark = window.take(amount_of(slots[i].of, need));
      const std::uint64_t taken = window.taken();
      if (taken > window.limit()) overshoot_.fetch_add(taken - window.limit(), std::memory_order_relaxed);
      if (i < Reservation::most_marks) out.marks_[i] = mark;
    }
  }
  out.ledger_ = this;
  out.plan_ = plan;
  out.binding_ = binding;
  out.need_ = need;
  out.at_ = now;
  return verdict;
}

void Ledger::leave(Reservation& reservation, Leaving leaving, Now given) {
  if (!reservation) return;
  const Now now = in_ledger_time(given);
  const BoundPlan& plan = bound(*reservation.plan_);
  const Locked locked(plan.locks(*reservation.binding_));
  const std::span<const Slot> slots = plan.slots(*reservation.binding_);
  for (std::size_t i = 0; i < std::min(slots.size(), Reservation::most_marks); ++i) {
    Window& window = *slots[i].window;
    const Amount taken = amount_of(slots[i].of, reservation.need_);
    std::int64_t& mark = reservation.marks_[i];
    mark = leaving == Leaving::later ? window.hold(taken, mark, now) : window.sent(taken, mark, now);
  }
}

void Ledger::hold(Reservation& reservation, Now now) { leave(reservation, Leaving::later, now); }
void Ledger::sent(Reservation& reservation, Now now) { leave(reservation, Leaving::now, now); }

void Ledger::finish(Reservation& reservation, const Bill& bill, const Now* now) {
  const std::shared_ptr<const Plan> plan = std::move(reservation.plan_);
  reservation.ledger_ = nullptr;
  const Locked locked(bound(*plan).locks(*reservation.binding_));
  const std::span<const Slot> slots = bound(*plan).slots(*reservation.binding_);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const policy::Unit unit = slots[i].of;
    const Amount actual = amount_of(unit, reservation.need_, bill, slots[i].window->limit());
    const std::int64_t mark = i < Reservation::most_marks ? reservation.marks_[i] : Window::no_mark;
    slots[i].window->settle(amount_of(unit, reservation.need_), actual, mark, now);
  }
}

void Ledger::settle(Reservation&& reservation, const Bill& bill, Now given) {
  if (!reservation) return;
  const Now now = in_ledger_time(given);
  finish(reservation, bill, &now);
}

void Ledger::release(Reservation& reservation) noexcept { finish(reservation, {true, 0, 0, 0}, nullptr); }

}  // namespace freellmapi::quota
