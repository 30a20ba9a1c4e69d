// When a provider's calendar turns over: "00:00 America/Los_Angeles", every Monday, the first of the month.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "policy/policy.hpp"

namespace date {
class time_zone;
}

namespace freellmapi::quota {

/// Half open: `end` belongs to the next period.
struct Period {
  base::WallTime start{}, end{};
};

/// One wall-clock rule's periods. A value; pure after construction, so any thread may use it.
///
/// A reset that falls into a gap (clocks put forward) happens when the gap ends; one that would happen twice
/// (clocks put back) happens the first time. An unknown zone counts as UTC; the policy refuses it before.
class Calendar {
 public:
  Calendar() = default;
  explicit Calendar(const policy::Rule& rule);

  /// The period that `now` lies in: start <= now < end. Allocates nothing.
  Period containing(base::WallTime now) const noexcept;

  /// No period is shorter, none is longer.
  std::chrono::seconds shortest() const noexcept;
  std::chrono::seconds longest() const noexcept;

 private:
  bool by_days() const noexcept {
    return per_ == policy::Per::day || per_ == policy::Per::week || per_ == policy::Per::month;
  }
  policy::Per per_ = policy::Per::day;
  std::chrono::seconds length_{86'400};  // of periods shorter than a day
  std::chrono::minutes at_{0};
  const date::time_zone* zone_ = nullptr;  // owned by the tz database, which lives as long as the process
};

}  // namespace freellmapi::quota
