#include <gtest/gtest.h>

#include <cstring>
#include <freellmapi/classify.hpp>
#include <string>
#include <utility>
#include <vector>

namespace freellmapi::sdk {
namespace {

constexpr std::int64_t now = 1'795'370'400'000;  // 2026-11-22T18:00:00Z

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Sorted {
  freellm_outcome o = fresh_outcome();
  std::string message() const { return o.message; }
};

Sorted sort(int status, std::string_view body, const Fields& fields = {}, std::span<const ErrorRow> rows = {},
            std::span<const freellm_window> windows = {}) {
  std::vector<freellm_header> headers;
  for (const auto& [name, value] : fields) headers.push_back({str(name), str(value)});
  freellm_head head{};
  head.size = sizeof head;
  head.http_status = status;
  head.headers = headers.data();
  head.header_count = headers.size();
  Sorted sorted;
  OutcomeOut out(sorted.o);
  classify(read_error(status, body), Headers(head), rows, windows, now, out);
  return sorted;
}

std::uint32_t class_of(int status, std::string_view body) { return sort(status, body).o.error_class; }

TEST(Patterns, MatchLiteralsGapsAlternativesAndCaptures) {
  Captures c;
  EXPECT_TRUE(matches("LIMIT {limit}, used {used}", "tokens: Limit 100,000, Used 97", &c));
  EXPECT_EQ(c.limit, 100'000U);
  EXPECT_EQ(c.used, 97U);
  EXPECT_TRUE(matches("model*gone", "the Model x is Gone"));
  EXPECT_FALSE(matches("model*gone", "gone is the model"));
  EXPECT_FALSE(matches("model*gone", "model" + std::string(300, ' ') + "gone"));
  EXPECT_TRUE(matches("a|bc", "xbcx"));
  EXPECT_FALSE(matches("a|bc", "xbx"));
  EXPECT_TRUE(matches("property '{field}' is unsupported", "property 'top_k' is unsupported", &c));
  EXPECT_EQ(c.field, "top_k");
}

TEST(Patterns, GoOnWhenAFirstPlaceLeadsNowhere) {
  Captures c;
  EXPECT_TRUE(matches("limit {limit} tokens", "limit reached: limit 5 tokens", &c));
  EXPECT_EQ(c.limit, 5U);
  EXPECT_TRUE(matches("use*now", "use " + std::string(250, '-') + " use it now"));
}

TEST(Patterns, StayBoundedOnHostileText) {
  const std::string hostile(1 << 20, 'a');
  EXPECT_FALSE(matches("a*a*a*a*b|{limit}{used}x", hostile));
  EXPECT_FALSE(matches("{limit}z", std::string(1 << 20, '9')));
}

TEST(ErrorText, IsFoundInEveryShape) {
  const auto message = [](std::string_view body) { return read_error(400, body).message; };
  EXPECT_EQ(message(R"({"error":{"message":"m"}})"), "m");
  EXPECT_EQ(message(R"({"error":"m"})"), "m");
  EXPECT_EQ(message(R"({"errors":[{"message":"m","code":7}]})"), "m");
  EXPECT_EQ(message(R"({"message":"m"})"), "m");
  EXPECT_EQ(message(R"({"message":{"detail":[{"loc":["body","x"],"msg":"m","type":"t"}]}})"), "body.x: m");
  EXPECT_EQ(message(R"({"detail":"m"})"), "m");
  EXPECT_EQ(message(R"({"detail":[{"loc":["body","x"],"msg":"m","type":"t"}]})"), "body.x: m");
  EXPECT_EQ(message(R"({"status":404,"title":"m"})"), "m");
  EXPECT_EQ(message(R"([{"error":{"message":"m"}}])"), "m");
  EXPECT_EQ(message("plain m"), "plain m");
  EXPECT_EQ(message(R"({"error":{"message":"cut off in the mid)"), "cut off in the mid");
  EXPECT_EQ(message("<html><title>Access denied</title>"), "Access denied");
  EXPECT_EQ(message(""), "");
  EXPECT_EQ(message(std::string(5000, 'x')).size(), 300U);
}

TEST(ErrorText, KeepsCodeTypeAndParam) {
  const ErrorFacts f = read_error(429, R"({"error":{"message":"m","code":1302,"type":"t","param":"p"}})");
  EXPECT_EQ(f.code, "1302");
  EXPECT_EQ(f.type, "t");
  EXPECT_EQ(f.param, "p");
  EXPECT_EQ(read_error(400, R"({"error":{"code":400,"status":"INVALID_ARGUMENT","message":"m"}})").type,
            "INVALID_ARGUMENT");
}

TEST(ErrorText, ReadsTheStatusAnErrorInsideA200Carries) {
  EXPECT_EQ(read_error(200, R"({"error":{"message":"m","code":402}})").status, 402);
  EXPECT_EQ(read_error(200, R"({"error":{"message":"m","code":"429"}})").status, 429);
  EXPECT_EQ(read_error(200, R"({"object":"error","message":"m","code":503})").status, 503);
  EXPECT_EQ(read_error(200, R"({"error":{"message":"m","code":"boom"}})").status, 0);
}

TEST(Classify, TheStatusDecidesWhenNothingElseDoes) {
  EXPECT_EQ(class_of(401, "{}"), FREELLM_C_AUTH_INVALID);
  EXPECT_EQ(class_of(402, "{}"), FREELLM_C_PAYMENT_REQUIRED);
  EXPECT_EQ(class_of(403, "{}"), FREELLM_C_AUTH_FORBIDDEN);
  EXPECT_EQ(class_of(404, "{}"), FREELLM_C_MODEL_NOT_FOUND);
  EXPECT_EQ(class_of(405, "{}"), FREELLM_C_BAD_REQUEST);
  EXPECT_EQ(class_of(408, "{}"), FREELLM_C_TIMEOUT);
  EXPECT_EQ(class_of(409, "{}"), FREELLM_C_OVERLOADED);
  EXPECT_EQ(class_of(410, "{}"), FREELLM_C_MODEL_GONE);
  EXPECT_EQ(class_of(413, "{}"), FREELLM_C_CONTEXT_TOO_LONG);
  EXPECT_EQ(class_of(418, "{}"), FREELLM_C_BAD_REQUEST);
  EXPECT_EQ(class_of(429, "{}"), FREELLM_C_RATE_LIMITED);
  EXPECT_EQ(class_of(451, "{}"), FREELLM_C_PROVIDER_BLOCKED);
  EXPECT_EQ(class_of(498, "{}"), FREELLM_C_OVERLOADED);
  EXPECT_EQ(class_of(500, "{}"), FREELLM_C_SERVER_ERROR);
  EXPECT_EQ(class_of(503, "{}"), FREELLM_C_OVERLOADED);
  EXPECT_EQ(class_of(504, "{}"), FREELLM_C_TIMEOUT);
  EXPECT_EQ(class_of(524, ""), FREELLM_C_SERVER_ERROR);
  EXPECT_EQ(class_of(529, "{}"), FREELLM_C_OVERLOADED);
  EXPECT_EQ(class_of(302, "{}"), FREELLM_C_UNKNOWN);
  EXPECT_EQ(sort(404, "{}").o.definite, 0U);
}

TEST(Classify, AnHtmlPageIsTheEdgeAndNotTheProvider) {
  const char* page =
      "<!DOCTYPE html><html><head><title>Access denied</title></head><body>error code 1010</body></html>";
  EXPECT_EQ(class_of(403, page), FREELLM_C_PROVIDER_BLOCKED);
  EXPECT_EQ(class_of(502, page), FREELLM_C_SERVER_ERROR);
  EXPECT_EQ(class_of(200, page), FREELLM_C_MALFORMED);
}

TEST(Classify, WordsAreTrustedOnlyUnderTheStatusesWhereTheyMakeSense) {
  EXPECT_EQ(class_of(400, R"({"error":{"message":"your prompt says: rate limit exceeded per day"}})"),
            FREELLM_C_BAD_REQUEST);
  EXPECT_EQ(class_of(429, R"({"message":"Tokens per minute limit exceeded - too many tokens processed."})"),
            FREELLM_C_RATE_LIMITED);
  EXPECT_EQ(class_of(400, R"({"message":"too many tokens: total number of tokens cannot exceed 4081"})"),
            FREELLM_C_CONTEXT_TOO_LONG);
  EXPECT_EQ(class_of(500, R"({"message":"invalid api key in the prompt"})"), FREELLM_C_SERVER_ERROR);
}

TEST(Classify, TheSpecificGoesBeforeTheGeneral) {
  EXPECT_EQ(class_of(400, R"({"error":{"message":"x","code":"content_filter"}})"),
            FREELLM_C_CONTENT_FILTERED);
  EXPECT_EQ(class_of(404, R"({"detail":"The model 'a' has reached its end of life on 2026-07-27"})"),
            FREELLM_C_MODEL_GONE);
  EXPECT_EQ(
      class_of(401,
               R"({"error":{"type":"ModelError","message":"Free promotion has ended for Some Model."}})"),
      FREELLM_C_MODEL_GONE);
  EXPECT_EQ(class_of(403, R"({"error":"this model requires a subscription, upgrade for access"})"),
            FREELLM_C_MODEL_FORBIDDEN);
  EXPECT_EQ(class_of(429, R"({"error":{"message":"insufficient balance"}})"), FREELLM_C_PAYMENT_REQUIRED);
  EXPECT_EQ(class_of(429, R"({"error":{"message":"x is temporarily rate-limited upstream"}})"),
            FREELLM_C_OVERLOADED);
  EXPECT_EQ(class_of(400, R"({"error":{"message":"invalid model: x"}})"), FREELLM_C_MODEL_NOT_FOUND);
  EXPECT_EQ(
      class_of(
          401,
          R"({"error":{"message":"Authentication failed, please make sure that a valid token is supplied."}})"),
      FREELLM_C_AUTH_INVALID);
}

TEST(Classify, AnAdvertisementBehindARateLimitIsNoBill) {
  EXPECT_EQ(
      class_of(429, R"({"error":{"message":"Rate limit reached. Upgrade at https://x/settings/billing"}})"),
      FREELLM_C_RATE_LIMITED);
}

TEST(Classify, ContextErrorsTellTheirNumbers) {
  const Sorted v = sort(
      400,
      R"({"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9300 tokens (9044 in the messages, 256 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400})");
  EXPECT_EQ(v.o.error_class, FREELLM_C_CONTEXT_TOO_LONG);
  EXPECT_EQ(v.o.limit, 8192U);
  EXPECT_EQ(v.o.requested, 9300U);
  EXPECT_EQ(v.o.retry_after_ms, -1);
  const Sorted c = sort(
      400,
      R"({"message":"Please reduce the length of the messages or completion. Current length is 50000 while limit is 40000","code":"context_length_exceeded"})");
  EXPECT_EQ(c.o.limit, 40'000U);
  EXPECT_EQ(c.o.requested, 50'000U);
}

TEST(Classify, ALongWindowIsAQuotaAndAShortOneALimit) {
  const Sorted day = sort(429, R"({"message":"Tokens per day limit exceeded"})");
  EXPECT_EQ(day.o.error_class, FREELLM_C_QUOTA_EXHAUSTED);
  EXPECT_EQ(day.o.window, FREELLM_WINDOW_DAY);
  EXPECT_EQ(day.o.unit, FREELLM_UNIT_TOKENS);
  const Sorted minute =
      sort(429, R"({"message":"limited to 20 API calls / minute. Please wait and try again later."})");
  EXPECT_EQ(minute.o.error_class, FREELLM_C_RATE_LIMITED);
  EXPECT_EQ(minute.o.window, FREELLM_WINDOW_MINUTE);
  EXPECT_EQ(minute.o.unit, FREELLM_UNIT_REQUESTS);
  EXPECT_EQ(minute.o.limit, 20U);
  const Sorted month = sort(429, R"({"message":"limited to 1000 API calls / month. upgrade"})");
  EXPECT_EQ(month.o.error_class, FREELLM_C_QUOTA_EXHAUSTED);
  EXPECT_EQ(month.o.window, FREELLM_WINDOW_MONTH);
  EXPECT_EQ(month.o.limit, 1000U);
}

TEST(Classify, AProvidersOwnRowGoesFirst) {
  constexpr ErrorRow rows[] = {{.status = {429},
                                .code = "queue_exceeded|busy",
                                .error_class = FREELLM_C_OVERLOADED,
                                .scope = FREELLM_SCOPE_MODEL},
                               {.type = "gone", .error_class = FREELLM_C_PROVIDER_GONE},
                               {.status = {400},
                                .body = "\"quotaId\"*PerDay",
                                .error_class = FREELLM_C_QUOTA_EXHAUSTED,
                                .window = FREELLM_WINDOW_DAY},
                               {.status = {400},
                                .text = "no json with tools",
                                .error_class = FREELLM_C_BAD_REQUEST,
                                .repair = "response_format"}};
  const Sorted busy = sort(429, R"({"code":"queue_exceeded","message":"rate limit per day"})", {}, rows);
  EXPECT_EQ(busy.o.error_class, FREELLM_C_OVERLOADED);
  EXPECT_EQ(busy.o.scope, FREELLM_SCOPE_MODEL);
  EXPECT_EQ(busy.o.definite, 1U);
  EXPECT_EQ(sort(503, R"({"code":"queue_exceeded"})", {}, rows).o.error_class, FREELLM_C_OVERLOADED);
  EXPECT_EQ(sort(500, R"({"type":"gone"})", {}, rows).o.error_class, FREELLM_C_PROVIDER_GONE);
  EXPECT_EQ(sort(400, R"({"error":{"message":"x","details":[{"quotaId":"RequestsPerDay"}]}})", {}, rows)
                .o.error_class,
            FREELLM_C_QUOTA_EXHAUSTED);
  EXPECT_STREQ(sort(400, R"({"message":"no JSON with tools"})", {}, rows).o.repair_field, "response_format");
}

TEST(Classify, ARowOfAStatusAloneSaysNothingOfAnErrorInsideA200) {
  constexpr ErrorRow rows[] = {{.status = {402}, .error_class = FREELLM_C_PAYMENT_REQUIRED},
                               {.status = {429}, .text = "queue", .error_class = FREELLM_C_OVERLOADED}};
  EXPECT_EQ(sort(200, R"({"error":{"message":"broken"}})", {}, rows).o.error_class, FREELLM_C_SERVER_ERROR);
  EXPECT_EQ(sort(200, R"({"error":{"message":"queue full"}})", {}, rows).o.error_class, FREELLM_C_OVERLOADED);
  EXPECT_EQ(sort(200, R"({"error":{"message":"x","code":402}})", {}, rows).o.error_class,
            FREELLM_C_PAYMENT_REQUIRED);
}

TEST(Classify, NamesTheMemberThatOneRetryMayDropOrRename) {
  const auto field = [](std::string_view message) {
    return std::string(
        sort(400, "{\"error\":{\"message\":\"" + std::string(message) + "\"}}").o.repair_field);
  };
  EXPECT_EQ(field("Unknown name \\\"top_k\\\": Cannot find field"), "top_k");
  EXPECT_EQ(field("Unrecognized request argument supplied: foo"), "foo");
  EXPECT_EQ(field("Unknown parameter: 'response_format.strict'."), "response_format");
  EXPECT_EQ(field("property 'min_p' is unsupported"), "min_p");
  EXPECT_EQ(field("property 'messages.0.name' is unsupported"), "");
  const Sorted renamed = sort(
      400,
      R"({"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}})");
  EXPECT_STREQ(renamed.o.repair_field, "max_tokens");
  EXPECT_STREQ(renamed.o.repair_rename, "max_completion_tokens");
  const Sorted extra = sort(
      422,
      R"({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}})");
  EXPECT_EQ(extra.o.error_class, FREELLM_C_BAD_REQUEST);
  EXPECT_STREQ(extra.o.repair_field, "stream_options");
  const Sorted range = sort(
      422,
      R"({"detail":[{"loc":["body","max_tokens"],"msg":"ensure this value is greater than or equal to 16","type":"value_error.number.not_ge"}]})");
  EXPECT_EQ(range.o.error_class, FREELLM_C_BAD_REQUEST);
  EXPECT_STREQ(range.o.repair_field, "");
}

TEST(RetryHints, TheHeaderGoesBeforeTheBodyAndTheBodyBeforeTheProse) {
  const char* body = R"({"error":{"message":"rate limit, try again in 40s","retry_after":20}})";
  EXPECT_EQ(sort(429, body, {{"retry-after", "10"}, {"retry-after-ms", "15000"}}).o.retry_after_ms, 10'000);
  EXPECT_EQ(sort(429, body, {{"retry-after-ms", "15000"}}).o.retry_after_ms, 15'000);
  EXPECT_EQ(sort(429, body).o.retry_after_ms, 20'000);
  EXPECT_EQ(sort(429, R"({"message":"rate limit, try again in 40s"})").o.retry_after_ms, 40'000);
  EXPECT_EQ(sort(429, R"({"message":"rate limit"})").o.retry_after_ms, -1);
}

TEST(RetryHints, AWholeNumberWrittenAsAFractionIsRead) {
  EXPECT_EQ(sort(503, R"({"error":"loading","estimated_time":20.0})").o.retry_after_ms, 20'000);
  EXPECT_EQ(sort(429, R"({"error":"rate limit","retry_after":600.5})").o.retry_after_ms, 600'500);
}

TEST(RetryHints, TheSameWaitSaidMoreExactlyIsTaken) {
  EXPECT_EQ(sort(429, R"({"message":"rate limit, try again in 9m38.016s"})", {{"retry-after", "578"}})
                .o.retry_after_ms,
            578'016);
}

TEST(RetryHints, TakeEveryFormOfTheHeader) {
  EXPECT_EQ(sort(429, "{}", {{"retry-after", "1.5"}}).o.retry_after_ms, 1'500);
  EXPECT_EQ(sort(429, "{}", {{"retry-after", "2m59.56s"}}).o.retry_after_ms, 179'560);
  const Sorted date = sort(429, "{}", {{"retry-after", "Sun, 22 Nov 2026 18:00:30 GMT"}});
  EXPECT_EQ(date.o.retry_after_ms, 30'000);
  EXPECT_EQ(date.o.reset_unix_ms, now + 30'000);
  for (const char* nonsense : {"-5", "soon", "1e308", "99999999999999999999", ""})
    EXPECT_EQ(sort(429, "{}", {{"retry-after", nonsense}}).o.retry_after_ms, -1) << nonsense;
}

TEST(RetryHints, AreCutToADayUnlessTheQuotaIsMonthly) {
  EXPECT_EQ(sort(429, "{}", {{"retry-after", "172800"}}).o.retry_after_ms, 86'400'000);
  EXPECT_EQ(sort(429, R"({"message":"monthly limit"})", {{"retry-after", "172800"}}).o.retry_after_ms,
            172'800'000);
}

TEST(RetryHints, AWindowWithNothingLeftSaysWhichAndWhen) {
  const freellm_window windows[] = {
      {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_MINUTE, 0, 0, 30, 12, 1'000},
      {FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, 0, 0, 1'000'000, 0, 26'284'093}};
  const Sorted s = sort(429, R"({"message":"limit exceeded"})", {}, {}, windows);
  EXPECT_EQ(s.o.error_class, FREELLM_C_QUOTA_EXHAUSTED);
  EXPECT_EQ(s.o.window, FREELLM_WINDOW_DAY);
  EXPECT_EQ(s.o.unit, FREELLM_UNIT_TOKENS);
  EXPECT_EQ(s.o.limit, 1'000'000U);
  EXPECT_EQ(s.o.retry_after_ms, 26'284'093);
}

TEST(LimitHeaders, BecomeWindows) {
  constexpr LimitHeaders table[] = {
      {.unit = FREELLM_UNIT_REQUESTS,
       .window = FREELLM_WINDOW_DAY,
       .limit = "l",
       .remaining = "r",
       .reset = "t"},
      {.unit = FREELLM_UNIT_TOKENS, .window = FREELLM_WINDOW_MINUTE, .remaining = "absent"}};
  const freellm_header fields[] = {
      {str("l"), str("1000")}, {str("r"), str("998")}, {str("t"), str("2m52.8s")}};
  freellm_head head{};
  head.headers = fields;
  head.header_count = 3;
  freellm_window windows[4];
  WindowsOut out(windows, 4);
  read_limit_headers(Headers(head), table, now, out);
  ASSERT_EQ(out.count(), 1U);
  EXPECT_EQ(windows[0].limit, 1000U);
  EXPECT_EQ(windows[0].remaining, 998U);
  EXPECT_EQ(windows[0].reset_in_ms, 172'800);
}

TEST(Outcome, TextsAreCutAtACharacterAndEndWithNul) {
  freellm_outcome o = fresh_outcome();
  OutcomeOut out(o);
  std::string text(62, 'x');
  text += "\xC3\xA9\xC3\xA9";
  out.code(text);
  EXPECT_EQ(std::strlen(o.code), 62U);
  out.repair(std::string(64, 'f'));
  EXPECT_STREQ(o.repair_field, "");
}

TEST(Classify, ARowsUsualWaitStandsInWhenTheAnswerNamesNone) {
  constexpr ErrorRow rows[] = {
      {.status = {503}, .error_class = FREELLM_C_OVERLOADED, .wait = std::chrono::minutes(5)}};
  EXPECT_EQ(sort(503, R"({"error":"full"})", {}, rows).o.retry_after_ms, 300'000);
  EXPECT_EQ(sort(503, R"({"error":"full"})", {{"retry-after", "7"}}, rows).o.retry_after_ms, 7'000);
  EXPECT_EQ(sort(502, R"({"error":"full"})", {}, rows).o.retry_after_ms, -1);
}

}  // namespace
}  // namespace freellmapi::sdk
