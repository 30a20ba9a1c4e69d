// Answers that are not 2xx: one outcome for each, in range, and sane where the status alone says enough.
#include <algorithm>

#include "kit/answers.hpp"
#include "kit/checks.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

Answer answer_of(int status, const NamedBody& body) {
  Answer answer{status, {}, body.body};
  if (!body.type.empty()) answer.headers.emplace_back("content-type", body.type);
  return answer;
}

/// Every status from 300 to 599 with one body.
void judge_every_status(const Facts& facts, const NamedBody& body, Judge& judge) {
  for (int status = 300; status <= 599 && !judge.enough(); ++status) {
    const std::string where = "status " + std::to_string(status) + " with " + body.name;
    judge_outcome(classify_raw(*facts.provider, answer_of(status, body), kit_now), kit_now, where, judge);
  }
}

using Classes = std::vector<std::uint32_t>;

/// Bodies that say nothing: only the status speaks.
const std::vector<NamedBody>& silent_bodies() {
  static const std::vector<NamedBody> all(error_bodies().begin(), error_bodies().begin() + 3);
  return all;
}

void wire_only(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
}

void judge_class(const Facts& facts, Judge& judge, const std::vector<int>& statuses, const Classes& allowed,
                 bool never = false) {
  wire_only(facts, judge);
  for (const int status : statuses)
    for (const NamedBody& body : silent_bodies()) {
      const freellm_outcome outcome = classify_raw(*facts.provider, answer_of(status, body), kit_now);
      const bool in = std::find(allowed.begin(), allowed.end(), outcome.error_class) != allowed.end();
      judge.expect(in != never, [&] {
        return "status " + std::to_string(status) + " with " + body.name + " is " +
               class_word(outcome.error_class);
      });
    }
}

/// What stands in front of a provider answers with these as well. A provider may know its own 401 and 429.
void judge_guess(const Facts& facts, Judge& judge) {
  for (const int status : {400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504})
    for (const NamedBody& body : silent_bodies()) {
      const freellm_outcome outcome = classify_raw(*facts.provider, answer_of(status, body), kit_now);
      if (outcome.definite == 0) continue;
      const std::string what = "status " + std::to_string(status) + " with " + body.name +
                               " is said to be definitely " + class_word(outcome.error_class);
      if (status == 401 || status == 429)
        judge.advise(what);
      else
        judge.fail(what);
    }
}

freellm_outcome with_wait(const Facts& facts, int status, const std::string& value,
                          std::int64_t now = kit_now) {
  return classify_raw(*facts.provider, {status, {{"retry-after", value}}, ""}, now);
}

/// What the host would wait: the plugin may say it either way.
std::int64_t wait_of(const freellm_outcome& outcome, std::int64_t now) {
  if (outcome.retry_after_ms >= 0) return outcome.retry_after_ms;
  return outcome.reset_unix_ms >= 0 ? outcome.reset_unix_ms - now : -1;
}

void judge_wait(const Facts& facts, Judge& judge, const std::string& value, std::int64_t least,
                std::int64_t most) {
  wire_only(facts, judge);
  for (const int status : {429, 503}) {
    const std::int64_t wait = wait_of(with_wait(facts, status, value), kit_now);
    judge.expect(wait >= least && wait <= most, [&] {
      return "status " + std::to_string(status) + ", Retry-After: " + printable(value, 60) +
             " is understood as " + std::to_string(wait) + " ms";
    });
  }
}

void judge_odd_waits(const Facts& facts, Judge& judge) {
  const std::string odd[] = {"-5",
                             "soon",
                             "",
                             " ",
                             "1e9",
                             "99999999999999999999",
                             "NaN",
                             "inf",
                             "0x10",
                             "5,7",
                             "\xff\xfe",
                             std::string(8'000, '9'),
                             "Sun, 99 Foo 2026 99:99:99 GMT",
                             "--",
                             "5 parsecs",
                             "-0",
                             "1.7976931348623157e308"};
  for (const int status : {429, 500, 503})
    for (const std::string& value : odd) {
      const freellm_outcome outcome = with_wait(facts, status, value);
      judge_outcome(outcome, kit_now, "Retry-After: " + printable(value, 40), judge);
      const std::int64_t wait = wait_of(outcome, kit_now);
      judge.expect(wait >= -1, [&] {
        return "Retry-After: " + printable(value, 40) + " is a negative wait: " + std::to_string(wait);
      });
    }
}

void judge_now(const Facts& facts, Judge& judge) {
  const std::string date = "Sun, 22 Nov 2026 18:00:30 GMT";
  const std::int64_t early = wait_of(with_wait(facts, 429, date, kit_now), kit_now);
  if (early < 0) judge.skip("it does not read a date as a wait");
  const std::int64_t later = wait_of(with_wait(facts, 429, date, kit_now + 10'000), kit_now + 10'000);
  judge.expect(early >= 29'000 && early <= 31'000,
               [&] { return "30 s ahead is understood as " + std::to_string(early) + " ms"; });
  judge.expect(early - later == 10'000,
               [&] { return "10 s later the wait is shorter by " + std::to_string(early - later) + " ms"; });
}

void judge_texts(const Facts& facts, Judge& judge) {
  const std::string sentence = "Something peculiar went wrong";
  const freellm_outcome outcome =
      classify_raw(*facts.provider,
                   {400,
                    {{"content-type", "application/json"}},
                    R"({"error":{"message":")" + sentence + R"(","type":"odd","code":"odd_code"}})"},
                   kit_now);
  if (std::string_view(outcome.message).find(sentence) == std::string_view::npos)
    judge.advise("the provider's sentence does not reach the outcome's message");
  const std::string long_text(3'000, '\xC3');
  const freellm_outcome odd =
      classify_raw(*facts.provider, {400, {}, R"({"error":{"message":")" + long_text + "\"}}"}, kit_now);
  judge_outcome(odd, kit_now, "a message of bytes that are no UTF-8", judge);
}

void judge_same(const Facts& facts, Judge& judge) {
  for (const NamedBody& body : error_bodies())
    for (const int status : {400, 401, 429, 500}) {
      const Answer answer = answer_of(status, body);
      const freellm_outcome a = classify_raw(*facts.provider, answer, kit_now),
                            b = classify_raw(*facts.provider, answer, kit_now);
      judge.expect(outcome_json(a) == outcome_json(b), [&] {
        return "status " + std::to_string(status) + " with " + body.name +
               ": another outcome the second time";
      });
    }
}

void judge_heads(const Facts& facts, Judge& judge) {
  std::vector<Answer> answers(6);
  for (Answer& answer : answers) answer.status = 429;
  for (int i = 0; i < 500; ++i) answers[1].headers.emplace_back("x-header-" + std::to_string(i), "v");
  for (int i = 0; i < 20; ++i) answers[2].headers.emplace_back("retry-after", std::to_string(i));
  answers[3].headers = {{"content-type", std::string(60'000, 'x')}};
  answers[4].headers = {{"content-type", ""}, {"", "nameless"}};
  answers[5].headers = {{"content-type", "application/json; charset=\xff"},
                        {"retry-after", std::string("5\0x", 3)}};
  for (std::size_t i = 0; i < answers.size(); ++i)
    judge_outcome(classify_raw(*facts.provider, answers[i], kit_now), kit_now, "head " + std::to_string(i),
                  judge);
  for (const int status : {0, -1, 99, 200, 204, 1'000, 2'147'483'647}) {
    Answer odd = answers[0];
    odd.status = status;
    judge_outcome(classify_raw(*facts.provider, odd, kit_now), kit_now, "status " + std::to_string(status),
                  judge);
  }
}

}  // namespace

void add_error_checks(std::vector<Check>& checks) {
  constexpr std::uint32_t auth = FREELLM_C_AUTH_INVALID, forbidden = FREELLM_C_AUTH_FORBIDDEN;
  Group group(checks, "errors");
  for (const NamedBody& body : error_bodies()) {
    std::string name = "body-" + body.name;
    std::replace(name.begin(), name.end(), ' ', '-');
    name.erase(std::remove(name.begin(), name.end(), '\''), name.end());
    group.each(lower(name), "every status from 300 to 599 with " + body.name + ": an outcome in range",
               [&body](const Facts& f, Judge& j) { judge_every_status(f, body, j); });
  }
  const auto one_of = [&](std::string name, std::string title, std::vector<int> statuses, Classes allowed) {
    group.each(std::move(name), std::move(title),
               [statuses = std::move(statuses), allowed = std::move(allowed)](const Facts& f, Judge& j) {
                 judge_class(f, j, statuses, allowed);
               });
  };
  const auto none_of = [&](std::string name, std::string title, std::vector<int> statuses,
                           Classes forbidden_ones) {
    group.each(std::move(name), std::move(title),
               [statuses = std::move(statuses), forbidden_ones = std::move(forbidden_ones)](
                   const Facts& f, Judge& j) { judge_class(f, j, statuses, forbidden_ones, true); });
  };
  one_of("429", "429 alone is a limit or an overload", {429},
         {FREELLM_C_RATE_LIMITED, FREELLM_C_QUOTA_EXHAUSTED, FREELLM_C_OVERLOADED});
  one_of("401", "401 alone is about the key, or not known", {401}, {auth, forbidden, FREELLM_C_UNKNOWN});
  one_of("403", "403 alone is a refusal, or not known", {403},
         {forbidden, auth, FREELLM_C_PROVIDER_BLOCKED, FREELLM_C_MODEL_FORBIDDEN, FREELLM_C_PAYMENT_REQUIRED,
          FREELLM_C_CONTENT_FILTERED, FREELLM_C_UNKNOWN});
  one_of("5xx", "500, 502, 503, 504 and 520 to 524 alone are the server's fault",
         {500, 502, 503, 504, 520, 521, 522, 523, 524},
         {FREELLM_C_SERVER_ERROR, FREELLM_C_OVERLOADED, FREELLM_C_TIMEOUT, FREELLM_C_NETWORK,
          FREELLM_C_MODEL_UNAVAILABLE, FREELLM_C_UNKNOWN});
  none_of("400-not-the-key", "400 and 422 alone bench no key and no model", {400, 422},
          {auth, forbidden, FREELLM_C_MODEL_GONE, FREELLM_C_PROVIDER_GONE, FREELLM_C_PAYMENT_REQUIRED,
           FREELLM_C_RATE_LIMITED, FREELLM_C_QUOTA_EXHAUSTED});
  none_of("404-not-the-key", "404 alone is not about the key", {404},
          {auth, forbidden, FREELLM_C_PAYMENT_REQUIRED, FREELLM_C_PROVIDER_GONE});
  none_of("odd-statuses", "statuses that nobody has defined bench nothing", {418, 444, 460, 599},
          {auth, forbidden, FREELLM_C_MODEL_GONE, FREELLM_C_PROVIDER_GONE, FREELLM_C_PAYMENT_REQUIRED});
  group.each("guess", "a guess from the status is not called definite", judge_guess);
  group.each("retry-after", "Retry-After in seconds is understood", [](const Facts& f, Judge& j) {
    judge_wait(f, j, "5", 5'000, 6'000);
    judge_wait(f, j, "120", 120'000, 121'000);
  });
  group.each("retry-after-date", "Retry-After as a date ahead is understood or ignored",
             [](const Facts& f, Judge& j) { judge_wait(f, j, "Sun, 22 Nov 2026 18:01:00 GMT", -1, 61'000); });
  group.each("retry-after-past", "a date that is past is no wait",
             [](const Facts& f, Judge& j) { judge_wait(f, j, "Sun, 22 Nov 2020 18:01:00 GMT", -1, 1'000); });
  group.each("retry-after-odd", "an odd Retry-After is never negative and never absurd", judge_odd_waits);
  group.each("now", "the clock that is passed in is the one that counts", judge_now);
  group.each("texts", "the provider's sentence is kept, cut where it must be", judge_texts);
  group.each("heads", "odd heads and statuses do no harm", judge_heads);
  group.each("same", "the same answer has the same outcome", judge_same);
}

}  // namespace freellmapi::kit
