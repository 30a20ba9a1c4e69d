#include "relay/outcomes.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
const base::WallTime noon{std::chrono::hours{24 * 365}};

milliseconds bench(std::uint32_t error_class, unsigned failures = 1, std::int64_t retry_after_ms = -1,
                   std::optional<base::WallTime> opens = std::nullopt) {
  freellm_outcome o = outcome_of(error_class, "");
  o.retry_after_ms = retry_after_ms;
  return bench_length(ruling_of(error_class), o, failures, opens, noon);
}

TEST(Faults, CountAgainstAModelOnlyWhereItOrItsProviderDoesNotWork) {
  for (const std::uint32_t theirs :
       {FREELLM_C_OVERLOADED, FREELLM_C_SERVER_ERROR, FREELLM_C_TIMEOUT, FREELLM_C_NETWORK,
        FREELLM_C_MALFORMED, FREELLM_C_EMPTY, FREELLM_C_TRUNCATED, FREELLM_C_MODEL_UNAVAILABLE})
    EXPECT_TRUE(is_their_fault(theirs)) << theirs;
  for (const std::uint32_t other :
       {FREELLM_C_UNKNOWN, FREELLM_C_RATE_LIMITED, FREELLM_C_QUOTA_EXHAUSTED, FREELLM_C_AUTH_INVALID,
        FREELLM_C_PAYMENT_REQUIRED, FREELLM_C_CONTEXT_TOO_LONG, FREELLM_C_BAD_REQUEST,
        FREELLM_C_CONTENT_FILTERED})
    EXPECT_FALSE(is_their_fault(other)) << other;
  EXPECT_FALSE(is_their_fault(outcome_of(net::Fault::cancelled, "").error_class));
}

TEST(Benches, AMinuteWithoutAHintForARateLimit) { EXPECT_EQ(bench(FREELLM_C_RATE_LIMITED), 60s); }

TEST(Benches, TheProvidersWordWins) { EXPECT_EQ(bench(FREELLM_C_RATE_LIMITED, 1, 7'500), 7500ms); }

TEST(Benches, AnAbsurdRetryAfterIsClamped) {
  EXPECT_EQ(bench(FREELLM_C_RATE_LIMITED, 1, 0), 1s);
  EXPECT_EQ(bench(FREELLM_C_RATE_LIMITED, 1, INT64_MAX / 2), 24h);
}

TEST(Benches, AResetInThePastIsOneSecond) {
  freellm_outcome o = outcome_of(FREELLM_C_RATE_LIMITED, "");
  o.reset_unix_ms = 5;
  EXPECT_EQ(bench_length(ruling_of(FREELLM_C_RATE_LIMITED), o, 1, std::nullopt, noon), 1s);
}

TEST(Benches, ADaysQuotaRestsUntilItsWindowOpensButIsProbedAfterSixHours) {
  EXPECT_EQ(bench(FREELLM_C_QUOTA_EXHAUSTED, 1, -1, noon + 3h), 3h);
  EXPECT_EQ(bench(FREELLM_C_QUOTA_EXHAUSTED, 1, -1, noon + 20h), 6h);
}

milliseconds refused(std::uint32_t error_class, std::uint32_t window, unsigned failures = 1,
                     std::int64_t retry_after_ms = -1) {
  freellm_outcome o = outcome_of(error_class, "");
  o.window = window;
  o.retry_after_ms = retry_after_ms;
  return bench_length(ruling_of(error_class), o, failures, std::nullopt, noon);
}

TEST(Benches, AMinuteThatIsFullNeverBenchesForADay) {
  constexpr std::int64_t day = 86'400'000;
  EXPECT_EQ(refused(FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_MINUTE, 1, day), 60s);
  EXPECT_EQ(refused(FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_MINUTE, 50, day), 60s);
  EXPECT_EQ(refused(FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_SECOND, 1, -1), 1s);
  EXPECT_EQ(refused(FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_HOUR, 1, day), 1h);
  EXPECT_EQ(refused(FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_HOUR, 1, -1), 60s);
  EXPECT_EQ(refused(FREELLM_C_RATE_LIMITED, FREELLM_WINDOW_DAY, 1, day), 24h) << "of a day it is believed";
}

TEST(Benches, AWindowOfWhichNothingIsKnownIsProbedLessAndLessOften) {
  const auto ladder = [](std::uint32_t window) {
    std::vector<milliseconds> steps;
    for (unsigned failures = 1; failures <= 6; ++failures)
      steps.push_back(refused(FREELLM_C_QUOTA_EXHAUSTED, window, failures));
    return steps;
  };
  using Steps = std::vector<milliseconds>;
  EXPECT_EQ(ladder(FREELLM_WINDOW_SESSION), (Steps{30min, 1h, 2h, 5h, 5h, 5h}));
  EXPECT_EQ(ladder(FREELLM_WINDOW_WEEK), (Steps{6h, 12h, 12h, 12h, 12h, 12h}));
  EXPECT_EQ(ladder(FREELLM_WINDOW_UNKNOWN), (Steps{10min, 30min, 1h, 2h, 5h, 5h}));
}

TEST(Benches, NothingEscalatesWhereTheResetIsKnown) {
  for (const unsigned failures : {1u, 5u, 50u}) {
    EXPECT_EQ(bench(FREELLM_C_QUOTA_EXHAUSTED, failures, -1, noon + 3h), 3h);
    EXPECT_EQ(bench(FREELLM_C_QUOTA_EXHAUSTED, failures, 90'000), 90s);
    EXPECT_EQ(bench(FREELLM_C_RATE_LIMITED, failures), 60s);
  }
}

TEST(Benches, GrowForAnOverloadedModelUpToHalfAMinute) {
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 1), 5s);
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 2), 10s);
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 3), 20s);
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 30), 30s);
}

TEST(Benches, OneSlowAnswerBenchesNobodyTwoDo) {
  EXPECT_EQ(bench(FREELLM_C_TIMEOUT, 1), 0ms);
  EXPECT_EQ(bench(FREELLM_C_TIMEOUT, 2), 5s);
}

TEST(Benches, ThreeErrorsInARowOpenACircuitForTwoSeconds) {
  EXPECT_EQ(bench(FREELLM_C_SERVER_ERROR, 2), 0ms);
  EXPECT_EQ(bench(FREELLM_C_SERVER_ERROR, 3), 2s);
  EXPECT_EQ(bench(FREELLM_C_SERVER_ERROR, 4), 4s);
}

TEST(Benches, OfACircuitNeverOutlastARecoveryByMoreThanHalfAMinute) {
  for (const Ruling& row : rulings) {
    if (row.circuit) {
      EXPECT_LE(bench(row.error_class, 1'000), 30s) << row.name;
    }
  }
}

std::optional<milliseconds> again(std::uint32_t error_class, int status, Ended ended = {},
                                  std::int64_t retry_after_ms = -1, std::uint64_t seed = 7) {
  freellm_outcome o = outcome_of(error_class, "");
  o.retry_after_ms = retry_after_ms;
  ended.status = status;
  return pause_before_again(o, ended, seed);
}

TEST(ASecondTry, IsGivenToASingle500Or502AfterAShortPause) {
  for (const int status : {500, 502}) {
    const auto pause = again(FREELLM_C_SERVER_ERROR, status);
    ASSERT_TRUE(pause.has_value());
    EXPECT_GE(*pause, 100ms);
    EXPECT_LT(*pause, 300ms);
  }
  EXPECT_NE(again(FREELLM_C_SERVER_ERROR, 500, {}, -1, 1), again(FREELLM_C_SERVER_ERROR, 500, {}, -1, 2));
  EXPECT_EQ(again(FREELLM_C_SERVER_ERROR, 500, {}, -1, 3), again(FREELLM_C_SERVER_ERROR, 500, {}, -1, 3));
}

TEST(ASecondTry, IsNotGivenToWhatIsNoBlip) {
  Ended benched, final_word;
  benched.benched = final_word.final_word = true;
  EXPECT_FALSE(again(FREELLM_C_SERVER_ERROR, 500, benched)) << "the third in a row";
  EXPECT_FALSE(again(FREELLM_C_SERVER_ERROR, 500, final_word)) << "x-should-retry: false";
  EXPECT_FALSE(again(FREELLM_C_SERVER_ERROR, 0)) << "a connection that was closed: it may be at work";
  EXPECT_FALSE(again(FREELLM_C_SERVER_ERROR, 520));
  EXPECT_FALSE(again(FREELLM_C_SERVER_ERROR, 500, {}, 5'000)) << "the provider names a time";
  EXPECT_FALSE(again(FREELLM_C_OVERLOADED, 503));
  EXPECT_FALSE(again(FREELLM_C_TIMEOUT, 504));
  EXPECT_FALSE(again(FREELLM_C_BAD_REQUEST, 400));
}

TEST(ASecondTry, IsGivenToALimitThatOpensWithinThePolicysWait) {
  Ended patient;
  patient.wait = 8s;
  EXPECT_GE(again(FREELLM_C_RATE_LIMITED, 429, patient, 3'000).value_or(0ms), 3s);
  EXPECT_GE(again(FREELLM_C_RATE_LIMITED, 429, patient, 0).value_or(0ms), shortest_bench);
  EXPECT_FALSE(again(FREELLM_C_RATE_LIMITED, 429, patient, 8'001));
  EXPECT_FALSE(again(FREELLM_C_RATE_LIMITED, 429, patient)) << "nobody knows when";
  EXPECT_FALSE(again(FREELLM_C_RATE_LIMITED, 429, {}, 3'000)) << "no wait: the next one is asked";
  EXPECT_FALSE(again(FREELLM_C_RATE_LIMITED, 429, {}, 0)) << "who may come back at once rests for a second";
}

TEST(Benches, AnOverloadedModelRestsAsLongAsItsProviderAsksButNoLessThanUsual) {
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 1, 600'000), 600s);
  EXPECT_EQ(bench(FREELLM_C_OVERLOADED, 3, 1'000), 20s);
  EXPECT_EQ(bench(FREELLM_C_AUTH_INVALID, 1, 1'000), 5min);
  EXPECT_EQ(bench(FREELLM_C_TIMEOUT, 1, 20'000), 20s);
}

TEST(Benches, TheClientsOwnFaultsNeverBenchAnybody) {
  for (const std::uint32_t c :
       {FREELLM_C_BAD_REQUEST, FREELLM_C_CONTEXT_TOO_LONG, FREELLM_C_CONTENT_FILTERED, FREELLM_C_UNKNOWN}) {
    EXPECT_EQ(bench(c, 100, 60'000), 0ms) << ruling_of(c).name;
  }
}

TEST(Rulings, EveryClassHasAnAnswerAndANameOfItsOwn) {
  for (const Ruling& a : rulings) {
    EXPECT_FALSE(a.name.empty());
    EXPECT_EQ(a.bench.has_value(), a.first.count() > 0) << a.name;
    for (const Ruling& b : rulings) {
      if (&a != &b) {
        EXPECT_NE(a.name, b.name);
      }
    }
  }
}

struct Row {
  std::uint32_t error_class;
  Next next;
  std::optional<quota::BenchScope> bench;
};

TEST(Rulings, SayWhatTheTaxonomySays) {
  using B = quota::BenchScope;
  const Row rows[] = {
      {FREELLM_C_UNKNOWN, Next::provider, {}},
      {FREELLM_C_RATE_LIMITED, Next::key, B::key_model},
      {FREELLM_C_QUOTA_EXHAUSTED, Next::key, B::key_model},
      {FREELLM_C_AUTH_INVALID, Next::key, B::key},
      {FREELLM_C_AUTH_FORBIDDEN, Next::key, B::key},
      {FREELLM_C_PAYMENT_REQUIRED, Next::key, B::key_model},
      {FREELLM_C_MODEL_NOT_FOUND, Next::model, B::model},
      {FREELLM_C_MODEL_GONE, Next::model, B::model},
      {FREELLM_C_MODEL_UNAVAILABLE, Next::model, B::model},
      {FREELLM_C_MODEL_FORBIDDEN, Next::key, B::key_model},
      {FREELLM_C_CONTEXT_TOO_LONG, Next::larger_window, {}},
      {FREELLM_C_BAD_REQUEST, Next::elsewhere_once, {}},
      {FREELLM_C_CONTENT_FILTERED, Next::model, {}},
      {FREELLM_C_OVERLOADED, Next::model, B::model},
      {FREELLM_C_SERVER_ERROR, Next::model, B::model},
      {FREELLM_C_TIMEOUT, Next::model, B::model},
      {FREELLM_C_NETWORK, Next::provider, B::provider},
      {FREELLM_C_MALFORMED, Next::model, B::model},
      {FREELLM_C_EMPTY, Next::model, B::model},
      {FREELLM_C_TRUNCATED, Next::model, B::model},
      {FREELLM_C_PROVIDER_GONE, Next::provider, B::provider},
      {FREELLM_C_PROVIDER_BLOCKED, Next::provider, B::provider},
      {host::plugin_failed, Next::provider, B::provider},
      {invalid_tool_call, Next::model, B::model},
      {invalid_json, Next::model, B::model},
  };
  ASSERT_EQ(std::size(rows), rulings.size());
  for (const Row& row : rows) {
    EXPECT_EQ(ruling_of(row.error_class).next, row.next) << ruling_of(row.error_class).name;
    EXPECT_EQ(ruling_of(row.error_class).bench, row.bench) << ruling_of(row.error_class).name;
  }
}

TEST(Scopes, TheProvidersStatementNarrowsOrWidensTheBench) {
  freellm_outcome o = outcome_of(FREELLM_C_RATE_LIMITED, "");
  const Ruling& row = ruling_of(FREELLM_C_RATE_LIMITED);
  EXPECT_EQ(bench_scope(row, o), quota::BenchScope::key_model);
  o.scope = FREELLM_SCOPE_ACCOUNT;
  EXPECT_EQ(bench_scope(row, o), quota::BenchScope::key);
  o.scope = FREELLM_SCOPE_IP;
  EXPECT_EQ(bench_scope(row, o), quota::BenchScope::provider);
  o.scope = FREELLM_SCOPE_REQUEST;
  EXPECT_EQ(bench_scope(row, o), std::nullopt);
}

TEST(Faults, OfTheWireBecomeOutcomes) {
  EXPECT_EQ(outcome_of(net::Fault::connect, "refused").error_class,
            static_cast<std::uint32_t>(FREELLM_C_NETWORK));
  EXPECT_EQ(outcome_of(net::Fault::tls, "").error_class, static_cast<std::uint32_t>(FREELLM_C_NETWORK));
  EXPECT_EQ(outcome_of(net::Fault::reset, "").error_class,
            static_cast<std::uint32_t>(FREELLM_C_SERVER_ERROR));
  EXPECT_EQ(outcome_of(net::Fault::truncated, "").error_class,
            static_cast<std::uint32_t>(FREELLM_C_TRUNCATED));
  EXPECT_EQ(outcome_of(net::Fault::timeout_first_byte, "").error_class,
            static_cast<std::uint32_t>(FREELLM_C_TIMEOUT));
  EXPECT_EQ(outcome_of(net::Fault::bad_response, "").error_class,
            static_cast<std::uint32_t>(FREELLM_C_MALFORMED));
}

}  // namespace
}  // namespace freellmapi::relay
