// How long the chain lasts at the present pace: the past's profile, run ahead many times.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "quota/ledger.hpp"
#include "sim/arrival.hpp"

namespace freellmapi::sim {

/// What past requests say of coming ones. Memory is bounded: counts by hour, and a sample of requests.
class Pace {
 public:
  static constexpr std::size_t samples_most = 512;
  static constexpr std::chrono::days looks_back{14};

  explicit Pace(base::WallTime now) : now_(now) {}
  /// In the order of their times; what is older than `looks_back` is passed over.
  void see(const Arrival& arrival);

  std::uint64_t requests() const noexcept { return seen_; }
  std::uint64_t in_last_hour() const noexcept { return last_hour_; }
  /// Expected requests of the hour that begins at `hour`; busier or quieter for some hours if now is.
  double expected(base::WallTime hour) const noexcept;
  /// How a day may differ from the mean of days: the count of a past day over it. `pick` may be any number.
  double day_factor(std::uint64_t pick) const noexcept;
  const std::vector<Arrival>& samples() const noexcept { return samples_; }

 private:
  double days_of_hour(std::size_t hour) const noexcept;

  const base::WallTime now_;
  std::optional<base::WallTime> first_;
  std::array<std::uint64_t, 24> by_hour_{};
  std::array<std::uint64_t, 15> by_day_{};  ///< whole days back from now
  std::uint64_t seen_ = 0, last_hour_ = 0;
  std::vector<Arrival> samples_;
  Dice dice_{1};
};

/// A moment that nobody knows exactly. Nothing: beyond the horizon.
struct Moment {
  std::optional<base::WallTime> early, middle, late;  ///< 10, 50 and 90 % of the runs
};

struct WindowForecast {
  policy::ModelIndex model = policy::none;
  policy::KeyIndex key = policy::none;
  const policy::Rule* rule = nullptr;
  Moment full;
  base::WallTime back{};  ///< of the run in the middle
};

struct Forecast {
  base::WallTime at{}, horizon{};
  std::uint64_t seen = 0;     ///< past requests it rests on; 0: nothing can be said
  double expected_today = 0;  ///< requests of the next 24 hours
  unsigned runs = 0;
  Moment lasts_until;
  std::vector<WindowForecast> windows;  ///< those full in half of the runs, the first one first
};

/// Runs copies of `ledger` ahead, up to two days. Takes a second or so of this thread. Errors: limit.
base::Result<Forecast> forecast(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now,
                                const Pace& pace);

std::string forecast_json(const policy::Policy& policy, const Forecast& forecast);

}  // namespace freellmapi::sim
