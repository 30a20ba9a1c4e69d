// The router's deciding and counting on a clock of its own. Nothing is sent, nothing waits.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "quota/ledger.hpp"
#include "routing/sticky.hpp"
#include "sim/arrival.hpp"

namespace freellmapi::sim {

/// What became of the requests of one hour.
struct Hour {
  base::WallTime start{};
  std::uint64_t arrived = 0, served = 0, waited = 0, refused = 0;  ///< waited ones are among the served
  std::vector<std::uint64_t> by_provider;                          ///< served; by policy::ProviderIndex
  std::array<std::uint64_t, 5> by_tier{};  ///< frontier, large, medium, small, unnamed
};
inline constexpr std::array<std::string_view, 5> tier_names{"frontier", "large", "medium", "small",
                                                            "unnamed"};

/// A window that a request found full.
struct Exhaustion {
  policy::ModelIndex model = policy::none;
  policy::KeyIndex key = policy::none;
  const policy::Rule* rule = nullptr;  ///< of the plan's policy, which must outlive this
  base::WallTime first{}, back{};      ///< of the first time
  std::uint64_t requests = 0;          ///< that found it full
};

struct Outcome {
  std::vector<Hour> hours;
  Hour total;
  std::optional<base::WallTime> first_refusal;  ///< for want of quota: what no model can do does not count
  std::vector<Exhaustion> exhaustions;          ///< in the order of their first times
  std::uint64_t recorded = 0, as_recorded = 0;  ///< requests whose route was known, and that took it
  std::uint64_t digest = 0;                     ///< of every route: equal digests, equal routes
  std::vector<std::uint32_t> routes;  ///< by request: hash of provider/model; 0: refused; when asked for
};

struct SimulationOptions {
  bool keep_routes = false;  ///< four bytes a request
  bool stop_at_first_refusal = false;
  std::function<void(double)> progress;  ///< now and then, 0 to 1; may be empty
};

/// Hours beyond this many are added to the last one: bounds the report.
inline constexpr std::size_t hours_most = 24 * 400;

/// Runs all of `arrivals` through `ledger`, beginning at `start`. Answers come when they came or would
/// usually come; providers do not fail. Pure: the same inputs give the same outcome on every machine.
base::Result<Outcome> simulate(const std::shared_ptr<const quota::Plan>& plan, quota::Ledger& ledger,
                               quota::Now start, Arrivals& arrivals, const SimulationOptions& options);

/// The policy as if every provider without a key had one, so that it can be tried out before there are any.
std::shared_ptr<const policy::Policy> with_assumed_keys(const policy::Policy& policy);

}  // namespace freellmapi::sim
