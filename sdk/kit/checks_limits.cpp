// read_limits: within its capacity, in range, whatever the headers say.
#include <algorithm>
#include <cstring>

#include "kit/answers.hpp"
#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr unsigned char canary = 0xA5;
constexpr std::size_t host_capacity = 32;

struct Read {
  freellm_status status = FREELLM_OK;
  std::size_t count = 0;
  std::vector<freellm_window> windows;
};

/// read_limits with room for `capacity`; throws when it writes behind it.
Read read(const freellm_provider& provider, const Answer& answer, std::size_t capacity,
          std::int64_t now = kit_now) {
  constexpr std::size_t behind = 8;
  std::vector<freellm_window> room(capacity + behind);
  std::memset(static_cast<void*>(room.data()), canary, room.size() * sizeof(freellm_window));
  Read out;
  out.count = 12'345;
  const HostHead head(answer);
  out.status = inside("read_limits", [&] {
    return provider.read_limits(&provider, head.get(), now, room.data(), capacity, &out.count);
  });
  const auto* const tail = reinterpret_cast<const unsigned char*>(room.data() + capacity);
  if (std::any_of(tail, tail + behind * sizeof(freellm_window),
                  [](unsigned char byte) { return byte != canary; }))
    throw std::runtime_error("read_limits wrote behind its capacity of " + std::to_string(capacity));
  out.windows.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(std::min(out.count, capacity)));
  return out;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Fields that providers use, with this text in each.
Headers fields_with(const std::string& amount, const std::string& reset) {
  Headers out;
  for (const char* const kind : {"limit", "remaining", "reset"})
    for (const char* const what :
         {"", "-requests", "-tokens", "-requests-day", "-tokens-minute", "-req-minute", "-req-10-second",
          "-tokens-query-cost", "-tokens-month", "-requests-hour", "-tokens-day", "-input-tokens"})
      for (const char* const prefix : {"x-ratelimit-", "ratelimit-", "x-rate-limit-"})
        out.emplace_back(std::string(prefix) + kind + what,
                         std::string_view(kind) == "reset" ? reset : amount);
  out.emplace_back("retry-after", reset);
  out.emplace_back("x-endpoint-monthly-call-limit", amount);
  out.emplace_back("x-trial-endpoint-call-remaining", amount);
  out.emplace_back("ratelimit-policy", "\"day\";q=" + amount + ";w=" + reset);
  return out;
}

void need(const Facts& facts, Judge& judge) {
  if (facts.provider->read_limits == nullptr) judge.skip("it reads no limits");
}

void judge_window(const freellm_window& w, const std::string& where, Judge& judge) {
  const auto range = [&](bool good, const char* what, auto value) {
    judge.expect(good, [&] { return where + ": " + what + " is " + std::to_string(value); });
  };
  range(w.unit >= FREELLM_UNIT_REQUESTS && w.unit <= FREELLM_UNIT_MONEY, "unit", w.unit);
  range(w.window <= FREELLM_WINDOW_SESSION, "window", w.window);
  range(w.scope <= FREELLM_SCOPE_IP, "scope", w.scope);
  range(w.reset_in_ms >= -1 && w.reset_in_ms <= std::int64_t{366} * 86'400'000, "reset_in_ms", w.reset_in_ms);
  const bool nothing = w.limit == UINT64_MAX && w.remaining == UINT64_MAX && w.reset_in_ms == -1;
  judge.expect(!nothing, where + ": a window that says nothing");
}

void judge_answer(const Facts& facts, const Answer& answer, const std::string& where, Judge& judge) {
  const Read got = read(*facts.provider, answer, host_capacity);
  judge.expect(got.status >= 0, [&] { return where + ": " + status_word(got.status); });
  if (got.status < 0) return;
  judge.expect(got.count <= host_capacity, [&] { return where + ": count is " + std::to_string(got.count); });
  for (const freellm_window& window : got.windows) judge_window(window, where, judge);
}

/// The heads of the plugin's fixtures, then made ones.
std::vector<Answer> heads(Subject& subject) {
  std::vector<Answer> all;
  for (const Fixture& fixture : subject.fixtures())
    if (fixture.answer && all.size() < 400)
      all.push_back({fixture.answer->status, fixture.answer->headers, ""});
  all.push_back({200, fields_with("1000", "60"), ""});
  all.push_back({429, fields_with("0", "2m59.56s"), ""});
  return all;
}

void judge_capacity(Subject& subject, Judge& judge) {
  for (const Facts& facts : subject.facts()) {
    need(facts, judge);
    for (const Answer& answer : heads(subject)) {
      const Read all = read(*facts.provider, answer, host_capacity);
      if (all.status < 0 || judge.enough()) continue;
      for (std::size_t capacity = 0; capacity <= all.count + 1; ++capacity) {
        const Read some = read(*facts.provider, answer, capacity);
        judge.expect(some.status < 0 || some.count <= capacity, [&] {
          return "with room for " + std::to_string(capacity) + " it says that it wrote " +
                 std::to_string(some.count);
        });
      }
    }
  }
}

}  // namespace

void add_limit_checks(std::vector<Check>& checks) {
  Group group(checks, "limits");
  group.each("none", "without such headers there is no statement", [](const Facts& f, Judge& j) {
    need(f, j);
    const Read got =
        read(*f.provider,
             {200, {{"content-type", "application/json"}, {"date", "Sun, 22 Nov 2026 18:00:00 GMT"}}, ""},
             host_capacity);
    j.expect(got.status >= 0 && got.count == 0,
             [&] { return std::to_string(got.count) + " windows, " + status_word(got.status); });
  });
  group.add("capacity", "it never writes and never counts more than there is room for", judge_capacity);
  group.add("fixtures-in-range", "what it reads out of real heads is in range",
            [](Subject& subject, Judge& judge) {
              for (const Facts& facts : subject.facts()) {
                need(facts, judge);
                for (const Answer& answer : heads(subject))
                  judge_answer(facts, answer, "status " + std::to_string(answer.status), judge);
              }
            });
  group.each("odd-amounts", "amounts that are no numbers are not numbers", [](const Facts& f, Judge& j) {
    need(f, j);
    for (const std::string& odd :
         {std::string("-1"), std::string("abc"), std::string(), std::string("1e400"),
          std::string("99999999999999999999999999"), std::string("12.5"), std::string("0x10"),
          std::string("1,000"), std::string("unlimited"), std::string(8'000, '9'), std::string("\xff\0", 2)})
      judge_answer(f, {200, fields_with(odd, "60"), ""}, "amount " + printable(odd, 30), j);
  });
  group.each("odd-resets", "resets that make no sense are none", [](const Facts& f, Judge& j) {
    need(f, j);
    for (const std::string& odd :
         {std::string("-1"), std::string("soon"), std::string(), std::string("1e400"),
          std::string("99999999999999999999999999"), std::string("-2m"), std::string("1h99999999999999999m"),
          std::string("2020-01-01T00:00:00Z"), std::string("9999-12-31T23:59:59Z"), std::string("1795370400"),
          std::string("1795370460000"), std::string(8'000, '9')})
      judge_answer(f, {200, fields_with("100", odd), ""}, "reset " + printable(odd, 30), j);
  });
  group.each("many-headers", "a thousand headers, the same ones many times", [](const Facts& f, Judge& j) {
    need(f, j);
    Headers many;
    for (int i = 0; i < 20; ++i)
      for (const auto& header : fields_with(std::to_string(i), std::to_string(i))) many.push_back(header);
    judge_answer(f, {200, many, ""}, "many headers", j);
  });
  group.each("same", "the same head has the same windows", [](const Facts& f, Judge& j) {
    need(f, j);
    const Answer answer{200, fields_with("100", "30s"), ""};
    j.expect(read_limits(*f.provider, answer, kit_now) == read_limits(*f.provider, answer, kit_now),
             "they differ");
  });
}

}  // namespace freellmapi::kit
