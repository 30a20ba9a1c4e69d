#include "quota/calendar.hpp"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

namespace freellmapi::quota {
namespace {

using std::chrono::seconds;
using LocalSeconds = date::local_time<seconds>;
using SysSeconds = date::sys_time<seconds>;

constexpr std::chrono::hours most_summer{1};  // by which clocks are put forward and back

const date::time_zone* zone_named(const std::string& name) {
  try {
    const auto* zone = date::locate_zone(name.empty() ? "UTC" : name);
    // The first look loads the zone's transitions; it must not happen inside a reservation.
    (void)zone->get_info(SysSeconds{});
    return zone;
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

seconds offset_at(const date::time_zone* zone, SysSeconds at) {
  return zone == nullptr ? seconds{0} : zone->get_info(at).offset;
}

SysSeconds to_sys(const date::time_zone* zone, LocalSeconds local) {
  if (zone == nullptr) return SysSeconds{local.time_since_epoch()};
  const date::local_info info = zone->get_info(local);
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return SysSeconds{local.time_since_epoch() - info.first.offset};
}

/// The day on which the period that holds `day` begins.
date::local_days first_day(policy::Per per, date::local_days day) {
  switch (per) {
    case policy::Per::week:
      return day - (date::weekday{day} - date::Monday);
    case policy::Per::month: {
      const date::year_month_day civil{day};
      return date::local_days{civil.year() / civil.month() / 1};
    }
    default:
      return day;
  }
}

date::local_days following(policy::Per per, date::local_days first) {
  switch (per) {
    case policy::Per::week:
      return first + date::days{7};
    case policy::Per::month: {
      const date::year_month_day civil{first};
      return date::local_days{(civil.year() / civil.month() + date::months{1}) / 1};
    }
    default:
      return first + date::days{1};
  }
}

}  // namespace

Calendar::Calendar(const policy::Rule& rule) : per_(rule.per), at_(rule.at), zone_(zone_named(rule.zone)) {
  switch (rule.per) {
    case policy::Per::second:
      length_ = seconds{1};
      break;
    case policy::Per::minute:
      length_ = seconds{60};
      break;
    case policy::Per::hour:
      length_ = seconds{3600};
      break;
    default:
      length_ = std::max(rule.length, seconds{1});
  }
}

seconds Calendar::shortest() const noexcept {
  if (!by_days()) return length_;
  return (per_ == policy::Per::month ? date::days{28} : length_) - most_summer;
}

seconds Calendar::longest() const noexcept {
  if (!by_days()) return length_;
  return (per_ == policy::Per::month ? date::days{31} : length_) + most_summer;
}

Period Calendar::containing(base::WallTime now) const noexcept {
  const auto now_s = date::floor<seconds>(now);
  if (!by_days()) {
    // Shorter periods follow the local clock's present offset; the next crossing asks again.
    const seconds shift = offset_at(zone_, now_s) - seconds{at_};
    const seconds local = now_s.time_since_epoch() + shift;
    seconds into = local % length_;
    if (into < seconds{0}) into += length_;
    const SysSeconds start = now_s - into;
    return {start, start + length_};
  }
  const auto begins = [this](date::local_days day) { return to_sys(zone_, day + seconds{at_}); };
  const LocalSeconds local{now_s.time_since_epoch() + offset_at(zone_, now_s)};
  date::local_days first = first_day(per_, date::floor<date::days>(local));
  if (now_s < begins(first)) first = first_day(per_, first - date::days{1});
  date::local_days next = following(per_, first);
  if (now_s >= begins(next)) {
    first = next;
    next = following(per_, first);
  }
  return {begins(first), begins(next)};
}

}  // namespace freellmapi::quota
