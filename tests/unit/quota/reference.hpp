// The slow, obvious ledger: a provider that writes down every arrival and counts afterwards.
#pragma once

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.hpp"

namespace freellmapi::quota::testing {

/// True time: no router's clock has a part in it.
using TrueTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// One rule as a provider counts it.
class ReferenceWindow {
 public:
  explicit ReferenceWindow(policy::Rule rule) : rule_(std::move(rule)) {}

  const policy::Rule& rule() const { return rule_; }
  void arrived(TrueTime at, std::uint64_t amount) { seen_.push_back({at, amount, true}); }
  /// Counted when an answer ends: it opens no window by itself.
  void ended(TrueTime at, std::uint64_t amount) { seen_.push_back({at, amount, false}); }
  /// A request that occupied the provider.
  void ran(TrueTime from, TrueTime to) { runs_.emplace_back(from, to); }

  std::uint64_t all() const {
    std::uint64_t sum = 0;
    for (const Count& count : seen_) sum += count.amount;
    return sum;
  }

  /// The most it ever had to count against its limit.
  std::uint64_t worst() {
    std::stable_sort(seen_.begin(), seen_.end(), [](auto& a, auto& b) { return a.at < b.at; });
    if (rule_.of == policy::Unit::concurrency) return most_at_once();
    switch (rule_.reset) {
      case policy::Reset::rolling:
        return most_in_any_window();
      case policy::Reset::wall_clock:
        return most_in_a_period();
      case policy::Reset::first_use:
        return most_after_a_first_use();
      case policy::Reset::token_bucket:
        return deepest_bucket();
    }
    return 0;
  }

  /// What was spent of it while there was always somebody who asked, as a share: of each whole period the
  /// worst, of rolling windows the mean, of a bucket what flowed in. First-use windows are as long as
  /// buckets'. After worst().
  double share(TrueTime from, TrueTime to) const {
    const auto limit = static_cast<double>(rule_.limit);
    switch (rule_.reset) {
      case policy::Reset::rolling:
        return mean_of_windows(from, to) / limit;
      case policy::Reset::wall_clock:
        return least_in_a_period(from, to) / limit;
      case policy::Reset::token_bucket:
      case policy::Reset::first_use:
        return flowed_in(from, to) / limit;
    }
    return 0;
  }

 private:
  std::uint64_t most_at_once() const {
    std::vector<std::pair<TrueTime, int>> steps;
    for (const auto& [from, to] : runs_) {
      steps.emplace_back(from, 1);
      steps.emplace_back(to, -1);
    }
    std::sort(steps.begin(), steps.end());  // an end before a beginning at the same moment
    int running = 0, most = 0;
    for (const auto& [at, step] : steps) most = std::max(most, running += step);
    return static_cast<std::uint64_t>(most);
  }
  std::uint64_t most_in_any_window() const {
    std::uint64_t sum = 0, most = 0;
    std::size_t oldest = 0;
    for (const auto& [at, amount, opens] : seen_) {
      sum += amount;
      while (at - seen_[oldest].at >= rule_.length) sum -= seen_[oldest++].amount;
      most = std::max(most, sum);
    }
    return most;
  }
  /// Which of its periods a moment belongs to.
  long period_of(TrueTime at) const {
    const auto second = date::floor<std::chrono::seconds>(at);
    const auto offset = date::locate_zone(rule_.zone)->get_info(second).offset;
    const auto local = second.time_since_epoch() + offset - rule_.at;
    const date::sys_days day = date::floor<date::days>(date::sys_seconds{local});
    const date::year_month_day civil{day};
    switch (rule_.per) {
      case policy::Per::month:
        return static_cast<int>(civil.year()) * 12 + static_cast<long>(static_cast<unsigned>(civil.month()));
      case policy::Per::week:
        return (day.time_since_epoch().count() + 3) / 7;  // the epoch was a Thursday
      case policy::Per::day:
        return day.time_since_epoch().count();
      default:
        // An hour that the clocks show twice is two hours.
        return (second.time_since_epoch() + offset % rule_.length - rule_.at) / rule_.length;
    }
  }
  std::map<long, std::uint64_t> periods() const {
    std::map<long, std::uint64_t> sums;
    for (const auto& [at, amount, opens] : seen_) sums[period_of(at)] += amount;
    return sums;
  }
  std::uint64_t most_in_a_period() const {
    std::uint64_t most = 0;
    for (const auto& [period, sum] : periods()) most = std::max(most, sum);
    return most;
  }
  double least_in_a_period(TrueTime from, TrueTime to) const {
    const std::map<long, std::uint64_t> sums = periods();
    std::uint64_t least = rule_.limit;
    for (long period = period_of(from) + 1; period < period_of(to); ++period) {
      const auto found = sums.find(period);
      least = std::min(least, found == sums.end() ? 0 : found->second);
    }
    return static_cast<double>(least);
  }
  double mean_of_windows(TrueTime from, TrueTime to) const {
    double total = 0;
    unsigned windows = 0;
    std::size_t oldest = 0, newest = 0;
    std::uint64_t sum = 0;
    for (TrueTime end = from + rule_.length; end <= to; end += rule_.length / 40, ++windows) {
      while (newest < seen_.size() && seen_[newest].at < end) sum += seen_[newest++].amount;
      while (oldest < newest && seen_[oldest].at < end - rule_.length) sum -= seen_[oldest++].amount;
      total += static_cast<double>(sum);
    }
    return total / windows;
  }
  double flowed_in(TrueTime from, TrueTime to) const {
    std::uint64_t sum = 0;
    for (const auto& [at, amount, opens] : seen_) sum += at >= from && at < to ? amount : 0;
    return static_cast<double>(sum) * std::chrono::duration<double>(rule_.length).count() /
           std::chrono::duration<double>(to - from).count();
  }
  std::uint64_t most_after_a_first_use() const {
    std::uint64_t sum = 0, most = 0;
    TrueTime closes{};
    for (const auto& [at, amount, opens] : seen_) {
      if (at >= closes) {
        if (!opens) continue;
        sum = 0;
        closes = at + rule_.length;
      }
      most = std::max(most, sum += amount);
    }
    return most;
  }
  std::uint64_t deepest_bucket() const {
    const double rate =
        static_cast<double>(rule_.limit) / std::chrono::duration<double>(rule_.length).count();
    double spent = 0, most = 0;
    TrueTime before{};
    for (const auto& [at, amount, opens] : seen_) {
      spent = std::max(0.0, spent - rate * std::chrono::duration<double>(at - before).count());
      before = at;
      most = std::max(most, spent += static_cast<double>(amount));
    }
    return static_cast<std::uint64_t>(most - 1e-6);
  }

  struct Count {
    TrueTime at;
    std::uint64_t amount = 0;
    bool opens = true;
  };
  policy::Rule rule_;
  std::vector<Count> seen_;
  std::vector<std::pair<TrueTime, TrueTime>> runs_;
};

}  // namespace freellmapi::quota::testing
