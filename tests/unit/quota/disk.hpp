// A ledger whose process is killed: nothing is settled, only the bytes stay.
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "quota/bytes.hpp"
#include "world.hpp"

namespace freellmapi::quota::testing {

inline std::unique_ptr<HeapBytes> copy_of(HeapBytes& bytes, std::size_t most = most_blocks) {
  auto copy = std::make_unique<HeapBytes>(most);
  std::ranges::copy(bytes.head(), copy->head().begin());
  for (std::size_t i = 0; i < bytes.blocks(); ++i) {
    (void)copy->add_block();
    std::ranges::copy(bytes.block(i), copy->block(i).begin());
  }
  return copy;
}

/// A ledger on bytes that can be opened again.
class Mortal : public ::testing::Test {
 protected:
  static constexpr BootId first_boot{1, 2};

  void SetUp() override { open(std::make_unique<HeapBytes>()); }

  /// What the process leaves at this moment. Reservations of it may be dropped later: nobody sees that.
  void kill(BootId boot = first_boot) { open(copy_of(*bytes), boot); }
  void open(std::unique_ptr<HeapBytes> with, BootId boot = first_boot) {
    if (ledger) graves.push_back({std::move(bytes), std::move(ledger), std::move(plan)});
    bytes = std::move(with);
    auto opened = Ledger::open(*bytes, boot, now());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    ledger = std::move(*opened);
    if (policy) bind(policy);
  }
  void bind(std::shared_ptr<const policy::Policy> made) {
    policy = std::move(made);
    plan = ledger->bind(policy).value();
  }
  void with(std::vector<policy::Rule> rules) {
    bind(PolicyText{}.provider("p").key(1).model("m", std::move(rules)).made());
  }

  Now now() const { return {clock.since_boot() - boot_at, clock.wall()}; }
  Reservation reserve(Need need = {}) {
    Reservation out;
    last = ledger->reserve(plan, 0, 0, need, now(), out);
    return out;
  }
  unsigned fill() {
    unsigned n = 0;
    for (Reservation r = reserve(); r; r = reserve(), ++n) ledger->settle(std::move(r), {}, now());
    return n;
  }
  Row row(std::size_t i = 0) { return ledger->rows(*plan, now()).at(i); }

  struct Grave {
    std::unique_ptr<HeapBytes> bytes;
    std::unique_ptr<Ledger> ledger;
    std::shared_ptr<const Plan> plan;
  };
  std::vector<Grave> graves;
  base::ManualClock clock;
  base::Instant::duration boot_at{0};  // added to the steady clock: another boot begins at zero
  std::unique_ptr<HeapBytes> bytes;
  std::unique_ptr<Ledger> ledger;
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const Plan> plan;
  Verdict last;
};

}  // namespace freellmapi::quota::testing
