#include "kit/answers.hpp"

#include <cstring>
#include <stdexcept>

#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::int64_t longest_wait_ms = std::int64_t{366} * 86'400'000;
constexpr std::uint64_t absurd = std::uint64_t{1} << 60;

std::vector<NamedBody> make_bodies() {
  const std::string json = "application/json";
  std::vector<NamedBody> all{
      {"nothing", "", ""},
      {"empty JSON body", json, ""},
      {"empty object", json, "{}"},
      {"OpenAI's shape", json,
       R"({"error":{"message":"Something went wrong","type":"invalid_request_error","param":null,"code":null}})"},
      {"message alone", json, R"({"message":"Something went wrong"})"},
      {"detail", json, R"({"detail":[{"loc":["body","x"],"msg":"bad","type":"value_error"}]})"},
      {"error as text", json, R"({"error":"Something went wrong"})"},
      {"error as list", json, R"([{"error":{"code":400,"message":"bad","status":"X"}}])"},
      {"wrong types", json, R"({"error":{"message":17,"type":[],"code":{"a":1},"param":false}})"},
      {"a string", json, R"("Something went wrong")"},
      {"a number", json, "17"},
      {"null", json, "null"},
      {"cut JSON", json, R"({"error":{"message":"Somethi)"},
      {"a page", "text/html; charset=utf-8",
       "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"},
      {"text", "text/plain", "upstream connect error"},
      {"binary", "application/octet-stream", {}},
      {"nested", json, std::string(20'000, '[')},
      {"nested objects", json, {}},
      {"huge message", json,
       R"({"error":{"message":")" + std::string(65'000, 'm') + R"(","code":")" + std::string(500, 'c') +
           R"("}})"},
      {"many numbers", json,
       R"({"error":{"message":"Limit 99999999999999999999999, Used -5, Requested 1e400. Please try again in 99999999999999h","code":99999999999999999999}})"}};
  for (NamedBody& one : all) {
    if (one.name == "binary")
      for (int i = 0; i < 4'096; ++i) one.body += static_cast<char>((i * 151 + (i >> 3)) & 0xFF);
    if (one.name == "nested objects")
      for (int i = 0; i < 5'000; ++i) one.body += R"({"error":)";
  }
  return all;
}

bool ends(const char* text, std::size_t size) { return std::memchr(text, '\0', size) != nullptr; }

}  // namespace

const std::vector<NamedBody>& error_bodies() {
  static const std::vector<NamedBody> all = make_bodies();
  return all;
}

freellm_outcome classify_raw(const freellm_provider& provider, const Answer& answer,
                             std::int64_t now_unix_ms) {
  struct Guarded {
    unsigned char before[64];
    freellm_outcome outcome;
    unsigned char behind[64];
  } guarded;
  std::memset(&guarded, 0xA5, sizeof guarded);
  guarded.outcome = blank_outcome();
  const HostHead head(answer);
  // A copy that is not followed by a NUL, so that a look behind its end is seen.
  const std::vector<char> body(answer.body.begin(), answer.body.end());
  const freellm_status status = inside("classify_error", [&] {
    return provider.classify_error(&provider, head.get(), {body.data(), body.size()}, now_unix_ms,
                                   &guarded.outcome);
  });
  for (std::size_t i = 0; i < sizeof guarded.before; ++i)
    if (guarded.before[i] != 0xA5 || guarded.behind[i] != 0xA5)
      throw std::runtime_error("classify_error wrote outside of freellm_outcome");
  if (status < 0) throw std::runtime_error("classify_error gave " + status_word(status));
  return guarded.outcome;
}

void judge_outcome(const freellm_outcome& o, std::int64_t now, const std::string& where, Judge& judge) {
  const auto range = [&](bool good, const char* what, auto value) {
    judge.expect(good, [&] { return where + ": " + what + " is " + std::to_string(value); });
  };
  range(o.error_class <= FREELLM_C_PROVIDER_BLOCKED, "error_class", o.error_class);
  range(o.scope <= FREELLM_SCOPE_IP, "scope", o.scope);
  range(o.window <= FREELLM_WINDOW_SESSION, "window", o.window);
  range(o.unit <= FREELLM_UNIT_MONEY, "unit", o.unit);
  range(o.definite <= 1, "definite", o.definite);
  range(o.retry_after_ms >= -1 && o.retry_after_ms <= longest_wait_ms, "retry_after_ms", o.retry_after_ms);
  // A time that is past is no wait, and does no harm.
  range(o.reset_unix_ms >= -1 && o.reset_unix_ms <= now + 2 * longest_wait_ms, "reset_unix_ms",
        o.reset_unix_ms);
  range(o.limit < absurd, "limit", o.limit);
  range(o.used < absurd, "used", o.used);
  range(o.requested < absurd, "requested", o.requested);
  judge.expect(ends(o.repair_field, sizeof o.repair_field) && ends(o.repair_rename, sizeof o.repair_rename) &&
                   ends(o.code, sizeof o.code) && ends(o.message, sizeof o.message),
               where + ": a text has no NUL at its end");
  judge.expect(o.size == sizeof o, where + ": size was changed");
}

}  // namespace freellmapi::kit
