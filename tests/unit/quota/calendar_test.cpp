#include "quota/calendar.hpp"

#include <date/date.h>
#include <gtest/gtest.h>

#include <string>

namespace freellmapi::quota {
namespace {

/// "2026-06-30 23:59:59"
base::WallTime at(const std::string& text) {
  const auto number = [&text](std::size_t from, std::size_t length) {
    return std::stoi(text.substr(from, length));
  };
  const date::year_month_day day = date::year{number(0, 4)} / number(5, 2) / number(8, 2);
  return date::sys_days{day} + std::chrono::hours{number(11, 2)} + std::chrono::minutes{number(14, 2)} +
         std::chrono::seconds{number(17, 2)};
}
std::string text(base::WallTime t) { return date::format("%F %T", date::floor<std::chrono::seconds>(t)); }

policy::Rule every(policy::Per per, std::string zone,
                   std::chrono::minutes minutes = std::chrono::minutes{0}) {
  policy::Rule r;
  r.per = per;
  r.zone = std::move(zone);
  r.at = minutes;
  return r;
}
std::string period(const policy::Rule& rule, const std::string& now) {
  const Period p = Calendar{rule}.containing(at(now));
  return text(p.start) + " to " + text(p.end);
}

using policy::Per;
using std::chrono::minutes;

TEST(Calendar, ADayEndsAtMidnightOfItsZone) {
  EXPECT_EQ(period(every(Per::day, "UTC"), "2026-06-30 23:59:59"),
            "2026-06-30 00:00:00 to 2026-07-01 00:00:00");
  EXPECT_EQ(period(every(Per::day, "America/Los_Angeles"), "2026-06-30 06:59:59"),
            "2026-06-29 07:00:00 to 2026-06-30 07:00:00");
  EXPECT_EQ(period(every(Per::day, "America/Los_Angeles"), "2026-06-30 07:00:00"),
            "2026-06-30 07:00:00 to 2026-07-01 07:00:00");
}

TEST(Calendar, ADayMayBeginAtAnyMinute) {
  const auto rule = every(Per::day, "Asia/Shanghai", minutes{9 * 60 + 30});
  EXPECT_EQ(period(rule, "2026-06-30 01:29:59"), "2026-06-29 01:30:00 to 2026-06-30 01:30:00");
  EXPECT_EQ(period(rule, "2026-06-30 01:30:00"), "2026-06-30 01:30:00 to 2026-07-01 01:30:00");
}

TEST(Calendar, ADayOfAClockChangeHas23Or25Hours) {
  const auto rule = every(Per::day, "America/Los_Angeles");
  EXPECT_EQ(period(rule, "2026-03-08 12:00:00"), "2026-03-08 08:00:00 to 2026-03-09 07:00:00");
  EXPECT_EQ(period(rule, "2026-11-01 12:00:00"), "2026-11-01 07:00:00 to 2026-11-02 08:00:00");
}

TEST(Calendar, AResetInsideTheGapHappensWhenTheGapEnds) {
  // Beirut goes from 00:00 straight to 01:00.
  EXPECT_EQ(period(every(Per::day, "Asia/Beirut"), "2026-03-29 06:00:00"),
            "2026-03-28 22:00:00 to 2026-03-29 21:00:00");
}

TEST(Calendar, AResetThatWouldHappenTwiceHappensTheFirstTime) {
  // Havana has 00:00 to 01:00 twice on the first Sunday of November.
  EXPECT_EQ(period(every(Per::day, "America/Havana"), "2026-11-01 05:30:00"),
            "2026-11-01 04:00:00 to 2026-11-02 05:00:00");
  EXPECT_EQ(period(every(Per::day, "America/Havana"), "2026-11-01 04:30:00"),
            "2026-11-01 04:00:00 to 2026-11-02 05:00:00");
}

TEST(Calendar, LeapDaysAreDays) {
  EXPECT_EQ(period(every(Per::day, "UTC"), "2028-02-29 12:00:00"),
            "2028-02-29 00:00:00 to 2028-03-01 00:00:00");
  EXPECT_EQ(period(every(Per::month, "UTC"), "2028-02-29 12:00:00"),
            "2028-02-01 00:00:00 to 2028-03-01 00:00:00");
  EXPECT_EQ(period(every(Per::month, "UTC"), "2027-02-28 12:00:00"),
            "2027-02-01 00:00:00 to 2027-03-01 00:00:00");
}

TEST(Calendar, AMonthIsACalendarMonth) {
  EXPECT_EQ(period(every(Per::month, "UTC"), "2026-12-31 23:59:59"),
            "2026-12-01 00:00:00 to 2027-01-01 00:00:00");
  EXPECT_EQ(period(every(Per::month, "America/New_York", minutes{60}), "2026-07-01 04:30:00"),
            "2026-06-01 05:00:00 to 2026-07-01 05:00:00");
}

TEST(Calendar, AWeekBeginsOnMonday) {
  EXPECT_EQ(period(every(Per::week, "UTC"), "2026-11-22 23:00:00"),
            "2026-11-16 00:00:00 to 2026-11-23 00:00:00");
  EXPECT_EQ(period(every(Per::week, "UTC"), "2026-11-23 00:00:00"),
            "2026-11-23 00:00:00 to 2026-11-30 00:00:00");
}

TEST(Calendar, ShortPeriodsFollowTheZonesMinutes) {
  EXPECT_EQ(period(every(Per::minute, "UTC"), "2026-01-01 10:20:59"),
            "2026-01-01 10:20:00 to 2026-01-01 10:21:00");
  EXPECT_EQ(period(every(Per::hour, "Asia/Kolkata"), "2026-01-01 10:20:00"),
            "2026-01-01 09:30:00 to 2026-01-01 10:30:00");
}

TEST(Calendar, AnUnknownZoneIsUtc) {
  EXPECT_EQ(period(every(Per::day, "Mars/Olympus"), "2026-01-01 10:20:59"),
            "2026-01-01 00:00:00 to 2026-01-02 00:00:00");
}

TEST(Calendar, EveryInstantOfThreeYearsLiesInItsPeriodAndPeriodsTouch) {
  for (const char* zone : {"America/Los_Angeles", "Australia/Lord_Howe", "Asia/Beirut", "Pacific/Apia"}) {
    for (const Per per : {Per::day, Per::week, Per::month}) {
      const Calendar calendar{every(per, zone, minutes{150})};
      Period before{};
      for (auto t = at("2010-12-01 00:00:00"); t < at("2013-12-01 00:00:00"); t += minutes{97}) {
        const Period p = calendar.containing(t);
        ASSERT_LE(p.start, t) << zone << ' ' << text(t);
        ASSERT_GT(p.end, t) << zone << ' ' << text(t);
        const bool same = p.start == before.start && p.end == before.end;
        if (before.end != base::WallTime{} && !same) {
          ASSERT_EQ(p.start, before.end) << zone << ' ' << text(t);
        }
        before = p;
      }
    }
  }
}

}  // namespace
}  // namespace freellmapi::quota
