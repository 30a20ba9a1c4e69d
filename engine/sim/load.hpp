// A made-up load: "10000/day,tokens=2000+500,profile=office".
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "sim/arrival.hpp"

namespace freellmapi::sim {

/// How many requests come in each hour of the week, Monday first, in parts of any whole.
using Week = std::array<std::uint32_t, 7 * 24>;

struct Load {
  std::uint64_t per_day = 1'000;
  std::uint64_t input = 2'000, output = 500;  ///< on average; each lies between half and one and a half of it
  unsigned tools = 0, vision = 0;             ///< percent of the requests
  unsigned days = 30;
  std::uint64_t seed = 1;
  std::string model = "auto";
  std::optional<base::WallTime> start;  ///< nothing: the caller's choice
  Week week = flat_week();
  static Week flat_week() noexcept;
};

/// "RATE/day|hour" first, then any of tokens=IN+OUT, profile=flat|office|evening, days=N, tools=P%,
/// vision=P%, model=NAME, seed=N, start=2026-11-01. Errors: invalid_argument, naming the part.
base::Result<Load> read_load(std::string_view spec);

/// The load's requests from `start` on. Requests of one hour are in memory, no more.
class LoadArrivals final : public Arrivals {
 public:
  LoadArrivals(Load load, base::WallTime start);
  base::Result<std::optional<Arrival>> next() override;
  double done() const noexcept override;

 private:
  void begin_hour();

  const Load load_;
  const base::WallTime start_;
  Dice dice_;
  std::uint64_t week_sum_ = 0;
  std::uint64_t hour_ = 0, carry_ = 0;
  std::vector<std::uint32_t> offsets_;  // milliseconds into the hour, falling
};

}  // namespace freellmapi::sim
