// The slots in a ledger's bytes, found by what they hold.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "quota/bytes.hpp"
#include "quota/identity.hpp"
#include "quota/layout.hpp"
#include "quota/ledger.hpp"

namespace freellmapi::quota {

/// Not thread-safe, but for what the slots hold: their owners lock that. The bytes must outlive it.
class Slots {
 public:
  explicit Slots(Bytes& bytes) : bytes_(bytes) {}

  /// Makes the head of empty bytes, or checks a ledger that is there. The error says what is wrong with it.
  base::Result<void> open(BootId boot, Now now);

  /// A slot of what `id` names: the one that is there, or a new one of zeros. When there is room for no more,
  /// one is taken whose identity `idle` says yes to. Errors: limit, io.
  base::Result<SlotHead*> get(SlotKind kind, const Identity& id,
                              const std::function<bool(const Identity&)>& idle);
  /// Slots that were made since the last time count from here on: a crash or a loss of power before leaves
  /// none.
  base::Result<void> publish();

  /// Writes down both clocks, for the next opening.
  void read_clocks(Now now) noexcept;
  /// Ledger time goes on over restarts, and while the machine sleeps. By how much it is ahead of the present
  /// boot's steady clock.
  std::chrono::nanoseconds ledger_time_ahead() const noexcept { return offset_; }
  /// The latest moment, in ledger time, at which the process before this one may have been at work.
  Now last_sign_of_life() const noexcept { return last_sign_; }

 private:
  Head& head() noexcept;
  SlotHead* at(std::size_t offset) noexcept;
  void make_head();
  base::Result<void> check_head();
  base::Result<void> find_slots(base::Instant latest);
  void go_on(Reading last, Now now);
  base::Result<SlotHead*> add(SlotKind kind);
  SlotHead* reuse(SlotKind kind, const std::function<bool(const Identity&)>& idle);

  struct Found {
    SlotHead* slot = nullptr;
    SlotKind kind{};
  };
  Bytes& bytes_;
  std::unordered_map<Identity, Found, IdentityHash> found_;
  std::vector<SlotHead*> vacant_;  // left behind by a process that was killed while it reused one
  std::size_t next_ = 0;           // where a new slot goes; ahead of head().used until publish()
  BootId boot_;
  std::chrono::nanoseconds offset_{0};
  Now last_sign_{};
};

}  // namespace freellmapi::quota
