#include "sim/load.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/text.hpp"

namespace freellmapi::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint64_t most_per_day = 10'000'000, most_tokens = 10'000'000;
constexpr std::uint32_t hour_ms = 3'600'000;

Week week_of(const std::function<std::uint32_t(unsigned day, unsigned hour)>& weight) {
  Week out{};
  for (unsigned d = 0; d < 7; ++d)
    for (unsigned h = 0; h < 24; ++h) out[d * 24 + h] = weight(d, h);
  return out;
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

template <class T>
bool set(T& to, std::string_view text, std::uint64_t most) {
  const auto value = number(text, most);
  if (value) to = static_cast<T>(*value);
  return value.has_value();
}

bool set_percent(unsigned& to, std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  return set(to, text, 100);
}

bool set_profile(Week& to, std::string_view name) {
  if (name == "flat") {
    to = Load::flat_week();
  } else if (name == "office") {
    to = week_of([](unsigned day, unsigned hour) -> std::uint32_t {
      if (day >= 5) return 1;
      return hour >= 8 && hour < 18 ? (hour == 12 ? 12 : 20) : hour >= 6 && hour < 22 ? 4 : 1;
    });
  } else if (name == "evening") {
    to = week_of([](unsigned day, unsigned hour) -> std::uint32_t {
      return hour >= 18 ? 20 : day >= 5 && hour >= 10 ? 12 : 2;
    });
  } else {
    return false;
  }
  return true;
}

bool set_start(std::optional<base::WallTime>& to, std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto y = number(text.substr(0, 4), 9999), m = number(text.substr(5, 2), 12),
             d = number(text.substr(8), 31);
  if (!y || !m || !d) return false;
  const std::chrono::year_month_day day{std::chrono::year{static_cast<int>(*y)},
                                        std::chrono::month{static_cast<unsigned>(*m)},
                                        std::chrono::day{static_cast<unsigned>(*d)}};
  if (!day.ok()) return false;
  to = std::chrono::sys_days{day};
  return true;
}

bool take_rate(Load& load, std::string_view part) {
  const std::size_t slash = part.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view per = part.substr(slash + 1);
  if (per != "day" && per != "hour") return false;
  const std::uint64_t times = per == "hour" ? 24 : 1;
  if (!set(load.per_day, part.substr(0, slash), most_per_day / times)) return false;
  load.per_day *= times;
  return load.per_day > 0;
}

bool take(Load& load, std::string_view name, std::string_view value) {
  if (name == "tokens") {
    const std::size_t plus = std::min(value.find('+'), value.size());
    return set(load.input, value.substr(0, plus), most_tokens) &&
           (plus == value.size() || set(load.output, value.substr(plus + 1), most_tokens));
  }
  if (name == "profile") return set_profile(load.week, value);
  if (name == "days") return set(load.days, value, 366) && load.days > 0;
  if (name == "tools") return set_percent(load.tools, value);
  if (name == "vision") return set_percent(load.vision, value);
  if (name == "seed") return set(load.seed, value, ~std::uint64_t{0});
  if (name == "start") return set_start(load.start, value);
  if (name != "model" || value.empty()) return false;
  load.model = value;
  return true;
}

}  // namespace

Week Load::flat_week() noexcept {
  Week out{};
  out.fill(1);
  return out;
}

base::Result<Load> read_load(std::string_view spec) {
  Load load;
  bool first = true;
  while (first || !spec.empty()) {
    const std::string_view part = base::trim(spec.substr(0, spec.find(',')));
    spec.remove_prefix(
        std::min(spec.size(), spec.find(',') == std::string_view::npos ? spec.size() : spec.find(',') + 1));
    const std::size_t equals = std::min(part.find('='), part.size());
    const bool good =
        first ? take_rate(load, part)
              : equals < part.size() && take(load, part.substr(0, equals), part.substr(equals + 1));
    if (!good) {
      return base::Error{
          base::Errc::invalid_argument,
          "'" + base::printable(part, 80) + "' is no part of a load: " +
              (first ? "it begins with a rate such as 10000/day or 500/hour"
                     : "after the rate stand tokens=IN+OUT, profile=flat|office|evening, days=N, "
                       "tools=P%, vision=P%, model=NAME, seed=N and start=2026-11-01")};
    }
    first = false;
  }
  return load;
}

LoadArrivals::LoadArrivals(Load load, base::WallTime start)
    : load_(std::move(load)), start_(load_.start.value_or(start)), dice_(load_.seed) {
  for (const std::uint32_t weight : load_.week) week_sum_ += weight;
  begin_hour();
}

void LoadArrivals::begin_hour() {
  if (week_sum_ == 0) return;
  const auto day = std::chrono::floor<std::chrono::days>(start_ + hours{hour_});
  const auto of_day = std::chrono::duration_cast<hours>(start_ + hours{hour_} - day).count();
  const unsigned weekday = std::chrono::weekday{day}.iso_encoding() - 1;
  carry_ += load_.per_day * 7 * load_.week[weekday * 24 + static_cast<unsigned>(of_day)];
  const std::uint64_t count = carry_ / week_sum_;
  carry_ %= week_sum_;
  offsets_.clear();
  for (std::uint64_t i = 0; i < count; ++i)
    offsets_.push_back(static_cast<std::uint32_t>(dice_.below(hour_ms)));
  std::sort(offsets_.begin(), offsets_.end(), std::greater<>{});
}

base::Result<std::optional<Arrival>> LoadArrivals::next() {
  const std::uint64_t end = std::uint64_t{load_.days} * 24;
  while (offsets_.empty() && hour_ < end) {
    ++hour_;
    if (hour_ < end) begin_hour();
  }
  if (offsets_.empty() || hour_ >= end) return std::optional<Arrival>();
  const auto around = [this](std::uint64_t mean) { return mean / 2 + dice_.below(mean + 1); };
  Arrival out;
  out.at = start_ + hours{hour_} + milliseconds{offsets_.back()};
  offsets_.pop_back();
  out.model = load_.model;
  out.seed = dice_.bits();
  out.input = out.features.input_tokens = around(load_.input);
  out.output = around(load_.output);
  out.features.tools = dice_.below(100) < load_.tools;
  out.features.images = dice_.below(100) < load_.vision;
  return std::optional(std::move(out));
}

double LoadArrivals::done() const noexcept {
  return static_cast<double>(hour_) / (static_cast<double>(load_.days) * 24);
}

}  // namespace freellmapi::sim
