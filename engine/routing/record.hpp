// A decision written down in a few hundred bytes, so that it can be shown and made again later.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "routing/decide.hpp"

namespace freellmapi::routing {

/// Appends what decide() was given and what it found. Allocates nothing when `out` has room (`record_usual`
/// bytes hold sixty candidates). Beyond `record_candidates_most` candidates the rest is left out.
void write_record(const Inputs& inputs, const Decision& decision, std::string& out);
inline constexpr std::size_t record_usual = 600;
inline constexpr std::size_t record_candidates_most = 2'048;

/// A record that was read. Models, keys and rules are those of the policy of that version.
struct Recorded {
  /// Where a rule stands: of the model itself, or of its provider.
  struct RulePlace {
    bool of_provider = false;
    std::uint32_t index = 0;
  };
  struct Entry {
    Candidate candidate;
    Gate gate = Gate::passed;
    std::optional<RulePlace> rule;
    base::WallTime free_at{};
    std::string reason;
    std::uint64_t used = 0, reserved = 0, limit = 0;
    std::uint64_t pressure = 0;        ///< of those that passed, where the strategy is expiring
    std::optional<Measured> measured;  ///< of those that passed, where the strategy learns
  };
  std::string policy_version;
  base::WallTime at{};
  std::uint64_t seed = 0;
  Features features;
  Target target;
  Candidate pinned;
  quota::Need need;  ///< what the first candidate would have been asked to hold
  std::vector<Entry> considered;
  std::vector<std::uint32_t> order;
  bool whole = true;  ///< false: enough of them could serve, and what stood behind those was not looked at
};

/// Errors: invalid_argument; the bytes are no record, or of another version of this program.
base::Result<Recorded> read_record(std::string_view bytes);

/// The rule that an entry names; null when the policy has none there.
const policy::Rule* rule_of(const policy::Policy& policy, const Recorded::Entry& entry) noexcept;

/// What came of deciding once more.
struct Replay {
  bool same = false;
  std::string difference;    ///< one sentence; empty when it is the same
  std::vector<Terms> terms;  ///< by place in `considered`, as they come out again; empty where nobody learns
  /// What was not looked at, where that was not needed and the replay is the same. Gate::passed: only the
  /// ledger could have kept it out, and it was not asked.
  std::vector<Considered> behind;
};

/// Runs decide() on the recorded inputs, with the recorded words of the ledger. `policy` must be of the
/// recorded version; with another one that is the difference.
Replay replay(const Recorded& recorded, std::shared_ptr<const policy::Policy> policy);

}  // namespace freellmapi::routing
