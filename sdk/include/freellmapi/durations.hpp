// freellmapi/durations.hpp - every way in which providers say how long to wait. Depends on nothing; all
// constexpr.
//
//   duration  "2m59.56s" "1h2m3s" "450ms" "1d2h" "34s" "1 minute 30 seconds"     m is minutes, ms
//   milliseconds bare      "7.66": seconds; over 1e9 a time in epoch seconds, over 1e12 in epoch milliseconds
//   http-date "Sun, 22 Nov 2026 18:00:00 GMT"
//   iso8601   "2026-11-23T00:00:00Z" "2026-11-23 08:00:00" "2026-11-23T08:00:00.5+08:00"
// Negatives, NaN, infinities and more than 31 days are not durations.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace freellmapi::sdk {

using std::chrono::milliseconds;

inline constexpr milliseconds longest_wait = std::chrono::hours(24 * 31);
inline constexpr milliseconds day_wait = std::chrono::hours(24);

namespace detail {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

constexpr bool starts_ignoring_case(std::string_view text, std::string_view lower_prefix) noexcept {
  if (text.size() < lower_prefix.size()) return false;
  for (std::size_t i = 0; i < lower_prefix.size(); ++i)
    if (lower(text[i]) != lower_prefix[i]) return false;
  return true;
}

constexpr void skip_spaces(std::string_view& text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}
constexpr std::string_view trimmed(std::string_view text) noexcept {
  skip_spaces(text);
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  return text;
}

/// A non-negative decimal number, as whole and millionths. Over 15 whole digits is no number of ours.
struct Decimal {
  std::int64_t whole = 0, millionths = 0;
};
constexpr std::optional<Decimal> take_decimal(std::string_view& text) noexcept {
  std::string_view rest = text;
  Decimal d;
  std::size_t digits = 0;
  while (!rest.empty() && digit(rest.front())) {
    if (++digits > 15) return std::nullopt;
    d.whole = d.whole * 10 + (rest.front() - '0');
    rest.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  if (rest.size() > 1 && rest[0] == '.' && digit(rest[1])) {
    rest.remove_prefix(1);
    std::int64_t place = 100'000;
    while (!rest.empty() && digit(rest.front())) {
      d.millionths += place * (rest.front() - '0');
      place /= 10;
      rest.remove_prefix(1);
    }
  }
  text = rest;
  return d;
}

struct Unit {
  std::string_view word;
  std::int64_t microseconds;
};
// Long words first: "ms" before "m", "minutes" before "min".
inline constexpr Unit units[] = {
    {"milliseconds", 1'000}, {"millisecond", 1'000},   {"microseconds", 1},     {"minutes", 60'000'000},
    {"minute", 60'000'000},  {"seconds", 1'000'000},   {"second", 1'000'000},   {"hours", 3'600'000'000},
    {"hour", 3'600'000'000}, {"days", 86'400'000'000}, {"day", 86'400'000'000}, {"msec", 1'000},
    {"mins", 60'000'000},    {"min", 60'000'000},      {"secs", 1'000'000},     {"sec", 1'000'000},
    {"hrs", 3'600'000'000},  {"hr", 3'600'000'000},    {"ms", 1'000},           {"us", 1},
    {"\xC2\xB5s", 1},        {"d", 86'400'000'000},    {"h", 3'600'000'000},    {"m", 60'000'000},
    {"s", 1'000'000}};

constexpr std::optional<std::int64_t> take_unit(std::string_view& text) noexcept {
  for (const Unit& u : units) {
    if (!starts_ignoring_case(text, u.word)) continue;
    const std::string_view rest = text.substr(u.word.size());
    if (!rest.empty() && letter(rest.front())) continue;  // "m" of "models"
    text = rest;
    return u.microseconds;
  }
  return std::nullopt;
}

constexpr std::int64_t scaled(const Decimal& d, std::int64_t microseconds) noexcept {
  constexpr std::int64_t most = 3'000'000'000'000;  // over 31 days in microseconds, and far from overflow
  if (d.whole > most / microseconds) return most;
  return d.whole * microseconds + d.millionths * microseconds / 1'000'000;
}

/// One or more number-and-unit parts at the front of `text`.
constexpr std::optional<milliseconds> take_duration(std::string_view& text) noexcept {
  std::string_view rest = text;
  std::int64_t total = 0;
  bool any = false;
  for (int part = 0; part < 8; ++part) {
    std::string_view at = rest;
    skip_spaces(at);
    if (any && starts_ignoring_case(at, "and ")) at.remove_prefix(4);
    if (any && starts_ignoring_case(at, ", ")) at.remove_prefix(2);
    skip_spaces(at);
    const auto number = take_decimal(at);
    if (!number) break;
    skip_spaces(at);
    const auto unit = take_unit(at);
    if (!unit) break;
    total += scaled(*number, *unit);
    any = true;
    rest = at;
  }
  const milliseconds wait((total + 999) / 1'000);
  if (!any || wait > longest_wait) return std::nullopt;
  text = rest;
  return wait;
}

constexpr std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) noexcept {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146'097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719'468;
}

constexpr std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t n) noexcept {
  if (text.size() < n) return std::nullopt;
  std::int64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(n);
  return value;
}
constexpr bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

struct Civil {
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};
constexpr std::optional<std::int64_t> unix_ms(const Civil& c) noexcept {
  if (c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31) return std::nullopt;
  if (c.hour > 24 || c.minute > 59 || c.second > 60) return std::nullopt;
  return ((days_from_civil(c.year, c.month, c.day) * 24 + c.hour) * 60 + c.minute) * 60'000 +
         c.second * 1'000;
}
constexpr bool take_time(std::string_view& text, Civil& c) noexcept {
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return false;
  const auto m = take_digits(text, 2);
  if (!m || !take(text, ':')) return false;
  const auto s = take_digits(text, 2);
  if (!s) return false;
  c.hour = *h, c.minute = *m, c.second = *s;
  return true;
}

}  // namespace detail

/// The whole text as a duration with units, or as a bare number of seconds.
constexpr std::optional<milliseconds> parse_duration(std::string_view text) noexcept {
  text = detail::trimmed(text);
  std::string_view rest = text;
  if (const auto wait = detail::take_duration(rest); wait && rest.empty()) return wait;
  rest = text;
  const auto number = detail::take_decimal(rest);
  if (!number || !rest.empty()) return std::nullopt;
  const milliseconds wait((detail::scaled(*number, 1'000'000) + 999) / 1'000);
  return wait > longest_wait ? std::nullopt : std::optional(wait);
}

/// "Sun, 22 Nov 2026 18:00:00 GMT" in Unix milliseconds. The weekday is not checked.
constexpr std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
  constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec";
  text = detail::trimmed(text);
  if (text.size() < 5 || text[3] != ',') return std::nullopt;
  text.remove_prefix(4);
  detail::skip_spaces(text);
  detail::Civil c;
  const auto day = detail::take_digits(text, 2);
  if (!day || !detail::take(text, ' ') || text.size() < 4) return std::nullopt;
  c.day = *day;
  for (std::size_t i = 0; i < 12; ++i)
    if (detail::starts_ignoring_case(text, months.substr(i * 3, 3)))
      c.month = static_cast<std::int64_t>(i) + 1;
  text.remove_prefix(3);
  if (!detail::take(text, ' ')) return std::nullopt;
  const auto year = detail::take_digits(text, 4);
  if (!year || !detail::take(text, ' ') || !detail::take_time(text, c)) return std::nullopt;
  c.year = *year;
  if (text != " GMT" && text != " UTC") return std::nullopt;
  return detail::unix_ms(c);
}

/// A date and time in Unix milliseconds; one without a zone is taken at `default_offset` east of UTC.
constexpr std::optional<std::int64_t> parse_iso8601(
    std::string_view text, std::chrono::minutes default_offset = std::chrono::minutes(0)) noexcept {
  text = detail::trimmed(text);
  detail::Civil c;
  const auto year = detail::take_digits(text, 4);
  if (!year || !detail::take(text, '-')) return std::nullopt;
  const auto month = detail::take_digits(text, 2);
  if (!month || !detail::take(text, '-')) return std::nullopt;
  const auto day = detail::take_digits(text, 2);
  if (!day || !(detail::take(text, 'T') || detail::take(text, 't') || detail::take(text, ' ')))
    return std::nullopt;
  c.year = *year, c.month = *month, c.day = *day;
  if (!detail::take_time(text, c)) return std::nullopt;
  std::int64_t fraction = 0;
  if (detail::take(text, '.')) {
    std::int64_t place = 100;
    while (!text.empty() && detail::digit(text.front())) {
      fraction += place * (text.front() - '0');
      place /= 10;
      text.remove_prefix(1);
    }
  }
  std::int64_t offset = default_offset.count();
  if (text == "Z" || text == "z" || text == " UTC" || text == " GMT") {
    offset = 0;
  } else if (!text.empty()) {
    const bool west = text.front() == '-';
    if (!west && text.front() != '+') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = detail::take_digits(text, 2);
    detail::take(text, ':');
    const auto minutes = text.empty() ? std::optional<std::int64_t>(0) : detail::take_digits(text, 2);
    if (!hours || !minutes || !text.empty() || *hours > 14 || *minutes > 59) return std::nullopt;
    offset = (*hours * 60 + *minutes) * (west ? -1 : 1);
  }
  const auto local = detail::unix_ms(c);
  if (!local) return std::nullopt;
  return *local + fraction - offset * 60'000;
}

/// A wait, and the instant it ends when the provider named one.
struct Wait {
  milliseconds from_now{0};
  std::optional<std::int64_t> until_unix_ms;
  friend constexpr bool operator==(const Wait&, const Wait&) = default;
};

/// From now until `unix_ms`: at least a second when that has passed; nothing when it is over 31 days away.
constexpr std::optional<Wait> wait_until(std::int64_t unix_ms, std::int64_t now_unix_ms) noexcept {
  const milliseconds left(unix_ms - now_unix_ms);
  if (left > longest_wait) return std::nullopt;
  return Wait{left.count() <= 0 ? milliseconds(1'000) : left, unix_ms};
}

/// Anything that stands in a Retry-After or reset header or in a JSON field.
constexpr std::optional<Wait> parse_wait(
    std::string_view text, std::int64_t now_unix_ms,
    std::chrono::minutes default_offset = std::chrono::minutes(0)) noexcept {
  text = detail::trimmed(text);
  std::string_view rest = text;
  if (const auto number = detail::take_decimal(rest); number && rest.empty()) {
    if (number->whole > 1'000'000'000'000) return wait_until(number->whole, now_unix_ms);
    if (number->whole > 1'000'000'000)
      return wait_until(number->whole * 1'000 + number->millionths / 1'000, now_unix_ms);
  }
  if (const auto wait = parse_duration(text)) return Wait{*wait, std::nullopt};
  if (const auto at = parse_http_date(text)) return wait_until(*at, now_unix_ms);
  if (const auto at = parse_iso8601(text, default_offset)) return wait_until(*at, now_unix_ms);
  return std::nullopt;
}

/// The wait a sentence speaks of: "Please try again in 7.66s", "retry in 2m59.56s", "wait 30 seconds". What
/// stands after words of retrying goes before what stands after a mere "in" or "after".
constexpr std::optional<milliseconds> find_duration(std::string_view prose) noexcept {
  constexpr std::string_view strong[] = {"again in",    "retry in",    "retry after",  "retrydelay",
                                         "retry_after", "again after", "available in", "reset in",
                                         "resets in",   "reset after", "wait for",     "wait"};
  constexpr std::string_view weak[] = {"in", "after"};
  const auto search = [prose](std::string_view keyword, bool bare) constexpr->std::optional<milliseconds> {
    for (std::size_t i = 0; i + keyword.size() < prose.size(); ++i) {
      if (i > 0 && detail::letter(prose[i - 1])) continue;
      std::string_view at = prose.substr(i);
      if (!detail::starts_ignoring_case(at, keyword)) continue;
      at.remove_prefix(keyword.size());
      if (!at.empty() && detail::letter(at.front())) continue;
      while (!at.empty() && (at.front() == ' ' || at.front() == '"' || at.front() == ':' ||
                             at.front() == '\'' || at.front() == '=' || at.front() == '~'))
        at.remove_prefix(1);
      for (const std::string_view filler : {"about ", "approximately ", "at least "})
        if (detail::starts_ignoring_case(at, filler)) at.remove_prefix(filler.size());
      std::string_view rest = at;
      if (const auto wait = detail::take_duration(rest)) return wait;
      rest = at;
      const auto number = bare ? detail::take_decimal(rest) : std::nullopt;
      if (!number || number->whole > 1'000'000'000) continue;
      detail::skip_spaces(rest);
      if (!rest.empty() && (detail::letter(rest.front()) || rest.front() == '-' || rest.front() == ':'))
        continue;
      if (const milliseconds wait((detail::scaled(*number, 1'000'000) + 999) / 1'000); wait <= longest_wait)
        return wait;
    }
    return std::nullopt;
  };
  for (const std::string_view keyword : strong)
    if (const auto wait = search(keyword, true)) return wait;
  for (const std::string_view keyword : weak)
    if (const auto wait = search(keyword, false)) return wait;
  return std::nullopt;
}

/// Into [0, most].
constexpr milliseconds clamp_wait(milliseconds wait, milliseconds most = day_wait) noexcept {
  if (wait < milliseconds(0)) return milliseconds(0);
  return wait > most ? most : wait;
}

}  // namespace freellmapi::sdk
