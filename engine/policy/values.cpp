#include "policy/values.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "policy/faults.hpp"

namespace freellmapi::policy {
namespace {

struct Suffix {
  std::string_view text;
  std::int64_t milliseconds;
};
constexpr std::array<Suffix, 5> suffixes{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t longest = 3'653LL * 86'400'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// UTC must work where no time zone database is installed.
base::Result<std::string> known_zone(const std::string& name) {
  if (name == "UTC") return name;
  std::vector<std::string> names;
  try {
    for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
    date::locate_zone(name);
    return name;
  } catch (const std::exception&) {
    const std::string hint =
        names.empty() ? " (the system has no time zone database: install tzdata)" : did_you_mean(name, names);
    return base::Error(base::Errc::invalid_argument, "unknown time zone '" + name + "'" + hint);
  }
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_suffix = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    while (digits < text.size() && is_digit(text[digits])) {
      number = number * 10 + (text[digits] - '0');
      if (++digits > 13) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && !is_digit(text[letters])) ++letters;
    const auto unit = text.substr(0, letters);
    text.remove_prefix(letters);
    while (next_suffix < suffixes.size() && suffixes[next_suffix].text != unit) ++next_suffix;
    if (next_suffix == suffixes.size() || number > longest / suffixes[next_suffix].milliseconds) {
      return std::nullopt;
    }
    total += number * suffixes[next_suffix++].milliseconds;
  }
  if (total > longest) return std::nullopt;
  return std::chrono::milliseconds{total};
}

std::string duration_text(std::chrono::milliseconds length) {
  std::int64_t rest = length.count();
  if (rest <= 0) return "0s";
  std::string out;
  for (const Suffix& suffix : suffixes) {
    if (rest >= suffix.milliseconds) {
      out += std::to_string(rest / suffix.milliseconds) + std::string(suffix.text);
      rest %= suffix.milliseconds;
    }
  }
  return out;
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
  });
}

bool is_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int parts[3] = {0, 0, 0};
  for (std::size_t i = 0, part = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) {
      ++part;
    } else if (is_digit(text[i])) {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    } else {
      return false;
    }
  }
  return date::year_month_day(date::year(parts[0]), date::month(static_cast<unsigned>(parts[1])),
                              date::day(static_cast<unsigned>(parts[2])))
      .ok();
}

base::Result<ResetAt> parse_reset(std::string_view text) {
  if (text == "rolling") return ResetAt{};
  if (text == "token-bucket") return ResetAt{Reset::token_bucket, {}, {}};
  if (text == "first-use") return ResetAt{Reset::first_use, {}, {}};
  const bool clock = text.size() > 6 && is_digit(text[0]) && is_digit(text[1]) && text[2] == ':' &&
                     is_digit(text[3]) && is_digit(text[4]) && text[5] == ' ' && text[6] != ' ';
  const int hour = clock ? (text[0] - '0') * 10 + (text[1] - '0') : 24;
  const int minute = clock ? (text[3] - '0') * 10 + (text[4] - '0') : 60;
  if (hour > 23 || minute > 59) {
    return base::Error(base::Errc::invalid_argument,
                       "expected rolling, token-bucket, first-use or a time with a zone such as "
                       "\"00:00 America/Los_Angeles\"");
  }
  auto zone = known_zone(std::string(text.substr(6)));
  if (!zone) return zone.error();
  return ResetAt{Reset::wall_clock, std::move(*zone), std::chrono::minutes{hour * 60 + minute}};
}

std::string reset_text(const Rule& rule) {
  switch (rule.reset) {
    case Reset::token_bucket:
      return "token-bucket";
    case Reset::first_use:
      return "first-use";
    case Reset::rolling:
      return "rolling";
    case Reset::wall_clock:
      break;
  }
  std::array<char, 16> clock{};
  const auto minutes = static_cast<int>(rule.at.count());
  std::snprintf(clock.data(), clock.size(), "%02d:%02d ", minutes / 60 % 24, minutes % 60);
  return clock.data() + rule.zone;
}

}  // namespace freellmapi::policy
