#include <gtest/gtest.h>

#include <freellmapi/durations.hpp>

namespace freellmapi::sdk {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t now = 1'795'370'400'000;  // 2026-11-22T18:00:00Z

constexpr std::optional<milliseconds> ms(std::int64_t n) { return milliseconds(n); }

TEST(Durations, ReadsEveryPartOfTheGrammar) {
  EXPECT_EQ(parse_duration("2m59.56s"), ms(179'560));
  EXPECT_EQ(parse_duration("1h2m3s"), ms(3'723'000));
  EXPECT_EQ(parse_duration("450ms"), ms(450));
  EXPECT_EQ(parse_duration("7.66s"), ms(7'660));
  EXPECT_EQ(parse_duration("1d2h"), ms(93'600'000));
  EXPECT_EQ(parse_duration("34s"), ms(34'000));
  EXPECT_EQ(parse_duration("0.5s"), ms(500));
  EXPECT_EQ(parse_duration("1h3m2.5s"), ms(3'782'500));
  EXPECT_EQ(parse_duration("900us"), ms(1));
  EXPECT_EQ(parse_duration("14h6m43.2s"), ms(50'803'200));
  EXPECT_EQ(parse_duration("1 minute and 30 seconds"), ms(90'000));
  EXPECT_EQ(parse_duration("2 Hours, 5 MIN"), ms(7'500'000));
  EXPECT_EQ(parse_duration("0s"), ms(0));
}

TEST(Durations, AMinuteIsNoMillisecond) {
  EXPECT_EQ(parse_duration("5m"), ms(300'000));
  EXPECT_EQ(parse_duration("5ms"), ms(5));
}

TEST(Durations, ABareNumberIsSeconds) {
  EXPECT_EQ(parse_duration("7"), ms(7'000));
  EXPECT_EQ(parse_duration("33011.382867"), ms(33'011'383));
  EXPECT_EQ(parse_duration(" 26.28409242630005 "), ms(26'285));
}

TEST(Durations, RoundsUpSoThatNobodyComesBackEarly) { EXPECT_EQ(parse_duration("1.0001s"), ms(1'001)); }

TEST(Durations, RefusesWhatIsNoWait) {
  for (const char* text : {"", "s", "-5s", "-5", "NaN", "inf", "1e3", "5 models", "5x", "32d", "1e308",
                           "99999999999999999999s", "10 s later", "3000000", "1.5.5s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  EXPECT_EQ(parse_duration("31d"), ms(2'678'400'000));
}

TEST(Durations, ReadsAnHttpDate) {
  EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 18:00:00 GMT"), now);
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT"), 1'709'164'800'000);
  EXPECT_EQ(parse_http_date("22 Nov 2026"), std::nullopt);
  EXPECT_EQ(parse_http_date("Sun, 22 Foo 2026 18:00:00 GMT"), std::nullopt);
  EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 18:61:00 GMT"), std::nullopt);
}

TEST(Durations, ReadsDatesWithAndWithoutAZone) {
  EXPECT_EQ(parse_iso8601("2026-11-22T18:00:00Z"), now);
  EXPECT_EQ(parse_iso8601("2026-11-22T18:00:00.250Z"), now + 250);
  EXPECT_EQ(parse_iso8601("2026-11-23T02:00:00+08:00"), now);
  EXPECT_EQ(parse_iso8601("2026-11-22T10:00:00-0800"), now);
  EXPECT_EQ(parse_iso8601("2026-11-23 02:00:00", 8h), now);
  EXPECT_EQ(parse_iso8601("2026-11-23"), std::nullopt);
  EXPECT_EQ(parse_iso8601("2026-13-23T00:00:00Z"), std::nullopt);
}

TEST(Durations, AResetMayBeAnythingProvidersSend) {
  EXPECT_EQ(parse_wait("7", now)->from_now, 7s);
  EXPECT_EQ(parse_wait("2m59.56s", now)->from_now, 179'560ms);
  EXPECT_EQ(parse_wait("1795370430", now), (Wait{30s, now + 30'000}));
  EXPECT_EQ(parse_wait("1795370430.5", now), (Wait{30'500ms, now + 30'500}));
  EXPECT_EQ(parse_wait("1795370430000", now), (Wait{30s, now + 30'000}));
  EXPECT_EQ(parse_wait("Sun, 22 Nov 2026 18:01:00 GMT", now), (Wait{60s, now + 60'000}));
  EXPECT_EQ(parse_wait("2026-11-22T18:01:00Z", now), (Wait{60s, now + 60'000}));
  EXPECT_EQ(parse_wait("soon", now), std::nullopt);
  EXPECT_EQ(parse_wait("-3", now), std::nullopt);
}

TEST(Durations, AResetInThePastIsASecondAndOneBeyondAMonthIsNone) {
  EXPECT_EQ(parse_wait("Sun, 22 Nov 2026 17:00:00 GMT", now)->from_now, 1s);
  EXPECT_EQ(parse_wait("1894200000", now), std::nullopt);
}

TEST(Durations, FindsTheWaitInASentence) {
  EXPECT_EQ(find_duration("Limit 15000, Used 11972. Please try again in 5.289s. Visit https://x"), ms(5'289));
  EXPECT_EQ(find_duration("Please try again in 9m38.016s. Need more tokens?"), ms(578'016));
  EXPECT_EQ(find_duration("Please retry in 34.07s"), ms(34'070));
  EXPECT_EQ(find_duration("\"retryDelay\": \"34s\""), ms(34'000));
  EXPECT_EQ(find_duration("Try again after 450ms"), ms(450));
  EXPECT_EQ(find_duration("please wait 30 seconds before"), ms(30'000));
  EXPECT_EQ(find_duration("retry after 12"), ms(12'000));
  EXPECT_EQ(find_duration("available in about 2 hours"), ms(7'200'000));
}

TEST(Durations, WordsOfRetryingGoBeforeAMereIn) {
  EXPECT_EQ(find_duration("20 requests in 1 minute exceeded, try again in 7s"), ms(7'000));
  EXPECT_EQ(find_duration("the window opens after 10s"), ms(10'000));
}

TEST(Durations, FindsNoWaitWhereNoneIsSaid) {
  EXPECT_EQ(find_duration("Please wait and try again later"), std::nullopt);
  EXPECT_EQ(find_duration("9044 in the messages, 256 in the completion"), std::nullopt);
  EXPECT_EQ(find_duration("please reduce your message size and try again in 3 models"), std::nullopt);
  EXPECT_EQ(find_duration(""), std::nullopt);
}

TEST(Durations, ClampIntoADayUnlessAMonthIsMeant) {
  EXPECT_EQ(clamp_wait(-5ms), 0ms);
  EXPECT_EQ(clamp_wait(milliseconds(48h)), milliseconds(24h));
  EXPECT_EQ(clamp_wait(milliseconds(48h), longest_wait), milliseconds(48h));
}

// Usable where a table is made.
static_assert(parse_duration("825ms") == milliseconds(825));
static_assert(find_duration("try again in 1m26.4s") == milliseconds(86'400));

}  // namespace
}  // namespace freellmapi::sdk
