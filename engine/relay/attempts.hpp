// The failover rules of one request: facts in, one action out. No clock, no socket.
#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "relay/outcomes.hpp"

namespace freellmapi::relay {

/// A candidate as the rules see it.
struct Lane {
  policy::ProviderIndex provider = policy::none;
  policy::ModelIndex model = policy::none;
  policy::KeyIndex key = policy::none;
  std::uint64_t context = 0;          ///< the model's window in tokens; 0: unknown
  std::chrono::milliseconds wait{0};  ///< may be waited for this long when its quota is full
  std::uint32_t hosts = 1;  ///< base URLs of its provider; each has its own idea of which keys are good
  std::uint32_t host = 0;   ///< the one to begin with
};

struct Limits {
  unsigned attempts = 20;
  base::Instant no_new_attempt_after{};  ///< the budget's end
  bool filtered_goes_on = false;         ///< a content filter's refusal leads to the next model
};

/// What to do now.
struct Action {
  enum class What { attempt, give_up };
  What what = What::give_up;
  std::size_t lane = 0;
  bool repaired = false;       ///< the same lane again, with the member `repair_field` dropped or renamed
  base::Instant not_before{};  ///< wait until then: the same lane again
  std::uint32_t host = 0;      ///< at which of the provider's base URLs
  bool fresh = false;          ///< over a connection of its own
  bool insists = false;        ///< it was put off before, and nobody else is left
  bool last = false;           ///< nobody who is known is left after it
};

/// What a failed attempt is held to be, for benches and for what the client is told.
enum class Held {
  as_said,
  not_yet,   ///< the same lane goes on at another host
  as_first,  ///< as the first host's: of the hosts one refused the key and one could not be asked
};

/// Invariants: no lane is attempted twice at one host, but for one repair and one short wait per request, one
/// second try in place for each lane, and once more where we were the ones who cut it short; after
/// committed() nothing is attempted until resume(); the number of attempts never exceeds the limit; no
/// attempt starts after the budget (the first always may).
class Attempts {
 public:
  using Lanes = boost::container::small_vector<Lane, 4>;
  Attempts(const Lanes& lanes, const Limits& limits);

  /// More lanes, behind those that are known. To be called before anything that failed is told of.
  void add(const Lanes& lanes);
  Action next(base::Instant now);
  /// The lane's attempt ended badly.
  Held failed(std::size_t lane, const freellm_outcome& outcome);
  /// The lane was not attempted after all: its quota was taken in the meantime.
  void passed_over(std::size_t lane);
  /// It was not attempted, or was not given all its time, because others may do better: it comes once more
  /// when none of them did. `attempted`: it was.
  void put_off(std::size_t lane, bool attempted);
  /// The lane that failed last is tried once more after `pause`. False: it had its second try, or there is no
  /// attempt or time left for one.
  bool second_try(std::size_t lane, base::Instant now, std::chrono::milliseconds pause, bool fresh = false);
  /// True when the lane's model can be asked with another key.
  bool other_key_open(std::size_t lane) const;
  /// What is left of the budget.
  std::chrono::milliseconds left(base::Instant now) const noexcept;
  /// True when another attempt could start then.
  bool may_start(base::Instant at) const noexcept;
  /// The client has seen a token.
  void committed() noexcept { committed_ = true; }
  /// True when the lane may be attempted while the attempt of `other` goes on: nobody has spoken against it,
  /// it is of another model, and it is clear which host its key is for.
  bool may_join(std::size_t lane, std::size_t other) const;
  /// It is attempted now.
  Action join(std::size_t lane);
  /// What the client has is to be continued: `more.attempts` further ones may be.
  void resume(const Limits& more) noexcept;
  /// The lane once more, asked otherwise.
  Action again(std::size_t lane) { return attempt(lane); }

  const Lanes& lanes() const noexcept { return lanes_; }
  unsigned attempted() const noexcept { return attempted_; }
  /// Why next() gave up, when it was not for want of candidates.
  bool out_of_budget() const noexcept { return out_of_budget_; }
  bool stopped() const noexcept { return stopped_; }

 private:
  /// Where a key stands with a provider of several hosts, once one has refused it or could not be reached.
  struct Standing {
    policy::KeyIndex key = policy::none;
    std::uint32_t host = 0;         ///< to be asked next
    std::uint32_t tried = 0;        ///< a bit for each host that did not take it
    std::uint32_t first_class = 0;  ///< what the first of them said
    bool taken = false;             ///< by `host`
  };

  enum class Place : std::uint8_t { open, put_off, closed };
  bool at(std::size_t lane, Place place) const;
  bool had_second_try(std::size_t lane) const;
  Action attempt(std::size_t lane);
  Held hold(std::size_t lane, std::uint32_t& error_class);

  Lanes lanes_;
  boost::container::small_vector<Place, 16> places_;
  std::vector<std::size_t> had_second_try_;  ///< lanes
  std::vector<Standing> standings_;
  std::optional<std::size_t> moved_;  ///< this lane goes on at another host
  Limits limits_;
  std::optional<Action> again_;
  std::size_t repair_lane_ = 0;
  bool repair_pending_ = false, repair_used_ = false;
  std::size_t later_lane_ = 0;
  std::chrono::milliseconds later_wait_{0};  ///< 0: no lane is worth waiting for
  bool later_used_ = false;
  bool committed_ = false, out_of_budget_ = false, stopped_ = false;
  unsigned attempted_ = 0;
  unsigned elsewhere_ = 0;         ///< how often "elsewhere once" has been asked for
  std::uint64_t larger_than_ = 0;  ///< only windows above this
};

}  // namespace freellmapi::relay
