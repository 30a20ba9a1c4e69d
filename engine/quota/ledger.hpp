// Counts what every window has spent and reserved, and which candidates are benched. The one owner of every
// counter.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "policy/policy.hpp"

namespace freellmapi::quota {

class Bytes;

/// Both clocks, read once per decision. The steady one must count the time in which the machine sleeps
/// (base::Clock::since_boot): providers' windows do not sleep.
struct Now {
  base::Instant steady;
  base::WallTime wall;
};

/// Which start of the machine a steady clock belongs to. All zeros: nobody knows.
struct BootId {
  std::uint64_t high = 0, low = 0;
  bool operator==(const BootId&) const = default;
};

/// The upper bound of what a request may cost. One slot of concurrency for each request is implied.
struct Need {
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t own_units = 0;  ///< in thousandths; 0: not known
  std::uint64_t requests = 1;   ///< more than one only to ask when there will be room for so many
};

/// What it did cost. Absent figures keep the reserved bound, and so do absurd ones: more than 4 times the
/// bound.
struct Bill {
  bool request = true;  ///< false: the provider does not count it
  std::optional<std::uint64_t> input_tokens, output_tokens, own_units;
};

/// A policy's (key, model) pairs bound to windows. Immutable; made at policy load, shared by all cores.
class Plan {
 public:
  virtual ~Plan() = default;
  const policy::Policy& policy() const noexcept { return *policy_; }
  std::shared_ptr<const policy::Policy> shared_policy() const noexcept { return policy_; }

 protected:
  explicit Plan(std::shared_ptr<const policy::Policy> policy) : policy_(std::move(policy)) {}
  std::shared_ptr<const policy::Policy> policy_;
};

/// Whether a candidate may be used now.
struct Verdict {
  enum class State {
    free,
    full,     ///< a window is full until `free_at`
    never,    ///< the need exceeds a window's whole limit
    benched,  ///< a cooldown runs until `free_at`
  };
  State state = State::free;
  const policy::Rule* rule =
      nullptr;               ///< the rule that stands in the way longest; belongs to the plan's policy
  base::WallTime free_at{};  ///< for full and benched: when to ask again
  std::string_view reason;   ///< for benched: the outcome's name; static storage
  std::uint64_t used = 0, reserved = 0, limit = 0;  ///< of the rule's window, for full and never
  std::uint64_t pressure = 0;                       ///< pressure(), where somebody has asked for it
};

/// Holds reserved amounts. Movable; settling or destroying gives back what was not spent: a reservation that
/// is dropped without settle() releases everything but the request (the provider may have counted it).
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();
  explicit operator bool() const noexcept { return ledger_ != nullptr; }

 private:
  friend class Ledger;
  // Rules beyond this many are still exact when reserving; settling gives nothing back early at them.
  static constexpr std::size_t most_marks = 16;
  class Ledger* ledger_ = nullptr;
  std::shared_ptr<const Plan> plan_;
  const struct Binding* binding_ = nullptr;  // the plan's
  Need need_;
  Now at_{};
  // Where in each window's time the amounts were counted. As many as there are windows; the rest says
  // nothing.
  std::array<std::int64_t, most_marks> marks_;
};

/// What a cooldown covers.
enum class BenchScope { key_model, key, model, provider };

/// A provider's word about one of its windows.
struct Statement {
  policy::Unit of = policy::Unit::requests;
  policy::Per per = policy::Per::minute;
  std::optional<std::uint64_t> limit, remaining;
  std::optional<std::chrono::milliseconds> reset_in;
};

/// What a provider has said of a window.
struct Stated {
  std::uint64_t limit = 0;           ///< 0: nothing
  std::optional<base::WallTime> at;  ///< when it last spoke of it; nothing: not since the process began
  std::uint64_t others = 0;          ///< spent by others on the same key in this window, as it says
};

/// One line of `quota`.
struct Row {
  std::string provider, key, model;  ///< model empty: account rule
  const policy::Rule* rule = nullptr;
  std::uint64_t used = 0, reserved = 0, limit = 0;
  std::optional<base::WallTime> resets_at;
  Stated stated;
};

/// A cooldown that runs.
struct Bench {
  BenchScope scope = BenchScope::key_model;
  std::string provider, key, model;  ///< what the scope does not tell apart is empty
  base::WallTime until{};
  std::string reason;
};

class Ledger;
struct Image {
  std::unique_ptr<Ledger> ledger;
  std::shared_ptr<const Plan> plan;
};

/// Thread safety: every method from any thread. Locks: one short lock per key, taken in key order, then one
/// per shared pool. Invariant: used + reserved <= limit in every window, at every instant. A wall clock that
/// jumps back frees nothing.
class Ledger {
 public:
  /// One that ends with the process.
  Ledger();
  /// One that lives in `bytes`, which must outlive it: goes on with what is there, or begins with empty ones.
  /// What was in flight when the process before ended counts as spent; its slots of concurrency are free.
  /// The error says what is wrong with the bytes ("it is not a ledger"); nothing has been changed then.
  static base::Result<std::unique_ptr<Ledger>> open(Bytes& bytes, BootId boot, Now now);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Binds a policy. Windows whose rule, key fingerprint and model are known keep their counts; so do
  /// cooldowns. Errors: limit (no room for so many windows), io (the disk is full); nothing changes then.
  base::Result<std::shared_ptr<const Plan>> bind(std::shared_ptr<const policy::Policy> policy);

  /// Writes both clocks beside the counts. To be called every few seconds, at least once a minute: after
  /// another boot this is what tells how much time has passed.
  void read_clocks(Now now);

  /// Looks without changing anything. `key` is policy::none for a keyless provider.
  Verdict check(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, const Need& need,
                Now now) const;

  /// How much quota goes unused here unless it is spent: the share that is left in millionths for each hour
  /// until the reset, of the window in which that is least, for what is scarce there is not to be hurried. 0
  /// where no window of an hour or more applies: nothing expires.
  std::uint64_t pressure(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, Now now) const;

  /// The share that is left, in millionths, of the window of which least is left; slots of concurrency do not
  /// count. A million where no window applies.
  std::uint64_t headroom(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, Now now) const;

  /// True when `need` can be spent here without anybody missing it: at their present pace all windows that
  /// apply would reset with at least a fifth left (Window::surplus), and there is one. Without any nothing
  /// goes unused.
  bool surplus(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, const Need& need,
               Now now) const;

  /// All rules or none. On State::free `out` holds the reservation.
  Verdict reserve(const std::shared_ptr<const Plan>& plan, policy::KeyIndex key, policy::ModelIndex model,
                  const Need& need, Now now, Reservation& out);

  /// The request leaves later than it was reserved, for a connection has to be made first. Until sent() its
  /// amounts stay taken whatever resets meanwhile; from then on they count as reserved at that moment.
  void hold(Reservation& reservation, Now now);
  void sent(Reservation& reservation, Now now);

  /// Turns the reservation into spending; it is empty then. A bill above the bound is believed up to 4 times
  /// the bound; beyond that the bound is kept. Requests, input and own units count from when they were
  /// reserved, or sent if that was told; output from now.
  void settle(Reservation&& reservation, const Bill& bill, Now now);

  /// Starts or extends a cooldown; never shortens one. `reason` has static storage.
  void bench(const Plan& plan, BenchScope scope, policy::KeyIndex key, policy::ModelIndex model,
             base::WallTime until, std::string_view reason, Now now);
  /// A success of what was reserved: takes away the cooldowns of its key and model that were said before it.
  /// What was said while it was under way is the newer word, and stands.
  void recovered(const Reservation& reservation);

  /// The provider's own figures correct the count, in both directions, and the limit: down at once, up above
  /// a catalogue's (Rule::liftable) when said twice running.
  void state(const Plan& plan, policy::KeyIndex key, policy::ModelIndex model, const Statement& statement,
             Now now);

  /// What reservations have taken beyond a window's limit since the start: 0, or a fault of this program.
  std::uint64_t overshoot() const noexcept { return overshoot_.load(std::memory_order_relaxed); }

  std::vector<Row> rows(const Plan& plan, Now now) const;
  /// Every cooldown that runs, once.
  std::vector<Bench> benches(const Plan& plan, Now now) const;

  /// A copy that goes its own way, to look ahead with: its clock may run where this one's has not been. What
  /// is in flight counts as spent. Must not outlive this ledger. Errors: those of bind().
  base::Result<Image> image(const Plan& plan, Now now) const;

 private:
  friend class Reservation;
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  Now in_ledger_time(Now now) const noexcept { return {now.steady + offset_, now.wall}; }
  void release(Reservation& reservation) noexcept;
  void finish(Reservation& reservation, const Bill& bill, const Now* now);
  enum class Leaving { later, now };
  void leave(Reservation& reservation, Leaving leaving, Now now);
  std::unique_ptr<Bytes> own_bytes_;  // null: they are somebody else's
  std::unique_ptr<State> state_;
  std::chrono::nanoseconds offset_{0};  // ledger time goes on over restarts
  std::atomic<std::uint64_t> overshoot_{0};
};

}  // namespace freellmapi::quota
