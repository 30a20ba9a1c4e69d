#include "sim/forecast.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/json_object.hpp"
#include "sim/simulation.hpp"

namespace freellmapi::sim {
namespace {

using std::chrono::hours;

constexpr std::chrono::hours horizon{48};
constexpr unsigned runs_least = 9, runs_most = 25;
constexpr double requests_in_all = 120'000;  // over all runs: what a second or two can do
constexpr double requests_of_a_run = 60'000;
// The last hour against what its time of day usually brings; a few requests are no trend.
constexpr double doubt = 5, busiest = 30, quietest = 0.1;
constexpr hours trend_lasts{3};
constexpr std::chrono::seconds worth_telling = hours{1};

std::size_t hour_of_day(base::WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  return static_cast<std::size_t>(std::chrono::duration_cast<hours>(at - day).count());
}

/// Arrivals by chance at the expected pace, each shaped like one of the past.
class ChanceArrivals final : public Arrivals {
 public:
  ChanceArrivals(const Pace& pace, base::WallTime now, std::uint64_t seed)
      : pace_(pace), now_(now), at_(now), dice_(seed), factor_(pace.day_factor(dice_.bits())) {}

  base::Result<std::optional<Arrival>> next() override {
    const base::WallTime end = now_ + horizon;
    while (at_ < end && static_cast<double>(given_) < requests_of_a_run) {
      const base::WallTime hour = std::chrono::floor<hours>(at_);
      if (hour != rate_of_) {
        rate_of_ = hour;
        rate_ = pace_.expected(hour) * factor_ / 3.6e6;
      }
      const double rate = rate_;
      if (rate <= 0) {
        at_ = hour + hours{1};
        continue;
      }
      const double chance = (static_cast<double>(dice_.bits() >> 11) + 0.5) / 9007199254740992.0;
      const double gap = -std::log(chance) / rate;
      const double left = static_cast<double>((hour + hours{1} - at_).count());
      // Waiting has no memory: past the hour's end it begins anew, at that hour's rate.
      if (gap >= left) {
        at_ = hour + hours{1};
        continue;
      }
      at_ += std::chrono::milliseconds{static_cast<std::int64_t>(gap)};
      ++given_;
      Arrival out = pace_.samples()[dice_.below(pace_.samples().size())];
      out.at = at_;
      out.seed = dice_.bits();
      out.route.clear();
      return std::optional(std::move(out));
    }
    return std::optional<Arrival>();
  }
  double done() const noexcept override { return 0; }

 private:
  const Pace& pace_;
  const base::WallTime now_;
  base::WallTime at_;
  Dice dice_;
  const double factor_;
  std::uint64_t given_ = 0;
  base::WallTime rate_of_{};  // the hour whose rate is
  double rate_ = 0;           // per millisecond
};

using Times = std::vector<std::optional<base::WallTime>>;  // one for each run

Moment moment_of(Times times) {
  std::ranges::sort(
      times, [](const auto& a, const auto& b) { return a && b ? *a < *b : a.has_value() && !b.has_value(); });
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1) + 0.5)];
  };
  return {at(0.1), at(0.5), at(0.9)};
}

std::string time(const std::optional<base::WallTime>& at) {
  return at ? fmt::format("\"{:%FT%TZ}\"", std::chrono::floor<std::chrono::seconds>(*at)) : "null";
}

std::string moment_json(const Moment& moment) {
  return base::JsonObject()
      .raw("early", time(moment.early))
      .raw("middle", time(moment.middle))
      .raw("late", time(moment.late))
      .take();
}

}  // namespace

void Pace::see(const Arrival& arrival) {
  const auto age = now_ - arrival.at;
  if (age < std::chrono::milliseconds{0} || age >= looks_back) return;
  if (!first_) first_ = arrival.at;
  ++seen_;
  if (age >= hours{1}) ++by_hour_[hour_of_day(arrival.at)];
  ++by_day_[static_cast<std::size_t>(std::chrono::floor<std::chrono::days>(age).count())];
  if (age < hours{1}) ++last_hour_;
  // Every request is as likely to be kept as any other.
  if (samples_.size() < samples_most) {
    samples_.push_back(arrival);
  } else if (const std::uint64_t place = dice_.below(seen_); place < samples_most) {
    samples_[place] = arrival;
  }
}

/// How often that hour of the day lay, in whole or in part, between the first request and an hour ago: the
/// last hour is what the usual is compared with.
double Pace::days_of_hour(std::size_t hour) const noexcept {
  double out = 0;
  const base::WallTime end = now_ - hours{1};
  for (auto at = std::chrono::floor<hours>(*first_); at < end; at += hours{1}) {
    if (hour_of_day(at) != hour) continue;
    const auto from = std::max<base::WallTime>(at, *first_);
    const auto until = std::min<base::WallTime>(at + hours{1}, end);
    if (until > from) out += static_cast<double>((until - from).count()) / 3.6e6;
  }
  return out;
}

double Pace::expected(base::WallTime hour) const noexcept {
  if (!first_) return 0;
  const double span_hours = std::max(static_cast<double>((now_ - *first_).count()) / 3.6e6, 1.0);
  const double flat = static_cast<double>(seen_) / span_hours;
  const auto usual = [&](std::size_t h) {
    const double days = days_of_hour(h);
    // What has hardly been seen is taken for the mean of all hours.
    return (static_cast<double>(by_hour_[h]) + 0.5 * flat) / (days + 0.5);
  };
  const double now_usual = usual(hour_of_day(now_ - std::chrono::minutes{30}));
  const double trend =
      std::clamp((static_cast<double>(last_hour_) + doubt) / (now_usual + doubt), quietest, busiest);
  const double expected = usual(hour_of_day(hour));
  return hour < now_ + trend_lasts ? expected * trend : expected;
}

double Pace::day_factor(std::uint64_t pick) const noexcept {
  // Whole days alone: the first one of the log may have begun at noon.
  std::vector<double> days;
  const auto whole = first_ ? static_cast<std::size_t>((now_ - *first_) / std::chrono::days{1}) : 0;
  double sum = 0;
  for (std::size_t i = 0; i < std::min(whole, by_day_.size()); ++i) {
    days.push_back(static_cast<double>(by_day_[i]));
    sum += days.back();
  }
  if (days.size() < 3 || sum <= 0) return 1;
  return std::clamp(days[pick % days.size()] * static_cast<double>(days.size()) / sum, 0.3, 3.0);
}

base::Result<Forecast> forecast(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now,
                                const Pace& pace) {
  Forecast out;
  out.at = now.wall;
  out.horizon = now.wall + horizon;
  out.seen = pace.requests();
  if (out.seen == 0) return out;
  double expected = 0;
  for (hours h{0}; h < horizon; h += hours{1}) {
    expected += pace.expected(now.wall + h);
    if (h == hours{23}) out.expected_today = expected;
  }
  out.runs =
      static_cast<unsigned>(std::clamp(requests_in_all / std::max(expected, 1.0),
                                       static_cast<double>(runs_least), static_cast<double>(runs_most)));
  using Name = std::tuple<const policy::Rule*, policy::KeyIndex, policy::ModelIndex>;
  struct Seen {
    Times full, back;
  };
  Times refusals;
  std::map<Name, Seen> windows;  // bounded as the simulation's list is
  for (unsigned run = 0; run < out.runs; ++run) {
    const auto image = ledger.image(plan, now);
    if (!image) return image.error();
    ChanceArrivals arrivals(pace, now.wall, run + 1);
    const auto outcome = simulate(image->plan, *image->ledger, now, arrivals, {});
    if (!outcome) return outcome.error();
    refusals.push_back(outcome->first_refusal);
    for (const Exhaustion& e : outcome->exhaustions) {
      if (e.rule->length < worth_telling) continue;
      Seen& seen = windows[{e.rule, e.key, e.model}];
      seen.full.push_back(e.first);
      seen.back.push_back(e.back);
    }
  }
  out.lasts_until = moment_of(std::move(refusals));
  for (auto& [name, seen] : windows) {
    if (seen.full.size() * 2 < out.runs) continue;
    const base::WallTime back = *moment_of(seen.back).middle;
    seen.full.resize(out.runs);
    out.windows.push_back(
        {std::get<2>(name), std::get<1>(name), std::get<0>(name), moment_of(std::move(seen.full)), back});
  }
  std::ranges::sort(out.windows, [](const WindowForecast& a, const WindowForecast& b) {
    return std::tuple(a.full.middle, a.model, a.key, a.rule->label) <
           std::tuple(b.full.middle, b.model, b.key, b.rule->label);
  });
  return out;
}

std::string forecast_json(const policy::Policy& policy, const Forecast& forecast) {
  std::string windows;
  for (const WindowForecast& w : forecast.windows) {
    const policy::Model& model = policy.models[w.model];
    base::append_item(windows, base::JsonObject()
                                   .text("provider", policy.providers[model.provider].id)
                                   .text("model", model.id)
                                   .text("key", w.key == policy::none ? "" : policy.keys[w.key].label)
                                   .text("rule", w.rule->label)
                                   .raw("full", moment_json(w.full))
                                   .raw("back_at", time(w.back))
                                   .take());
  }
  return base::JsonObject()
      .raw("at", time(forecast.at))
      .text("policy_version", policy.version)
      .count("rests_on_requests", forecast.seen)
      .raw("expected_next_24h", fmt::format("{:.1f}", forecast.expected_today))
      .raw("horizon", time(forecast.horizon))
      .raw("lasts_until", moment_json(forecast.lasts_until))
      .raw("windows", "[" + windows + "]")
      .take();
}

}  // namespace freellmapi::sim
