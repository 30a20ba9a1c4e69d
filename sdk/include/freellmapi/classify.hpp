// freellmapi/classify.hpp - sorts an error answer into one outcome. What a provider's texts mean is data: a
// constexpr array of rows, tried from the top before the generic rules.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <span>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// What a pattern caught.
struct Captures {
  std::uint64_t limit = 0, used = 0, requested = 0;  ///< 0: not caught
  std::string field, rename;
};

/// Looks for `pattern` anywhere in `text`; ASCII case does not count. In the pattern
///   |            separates alternatives, the first that fits wins
///   *            any text, at most 200 bytes
///   {limit} {used} {requested}   catch a whole number (commas inside are passed over)
///   {field} {rename}             catch a member's name: letters, digits, _ and .
///   {n}          passes over a number
/// Everything else stands for itself. Work is bounded: only the first 16 KiB of the text are looked at.
bool matches(std::string_view pattern, std::string_view text, Captures* captures = nullptr);

/// One row of a provider's error table. An empty condition holds for everything; all conditions must hold.
struct ErrorRow {
  std::array<std::uint16_t, 6> status{};  ///< one of these; all 0: any. An error inside a 200 that carries no
                                          ///< status fits every row that has another condition
  std::string_view code{};                ///< equals the error's code (alternatives with |; case counts not)
  std::string_view type{};                ///< equals the error's type or status word
  std::string_view text{};                ///< pattern, on the extracted sentence
  std::string_view body{};                ///< pattern, on the whole body (details, nested errors)
  std::uint32_t error_class = FREELLM_C_UNKNOWN;
  std::uint32_t scope = FREELLM_SCOPE_DEFAULT;
  std::uint32_t window = FREELLM_WINDOW_UNKNOWN;  ///< unknown: read from the text
  std::uint32_t unit = FREELLM_UNIT_UNKNOWN;      ///< unknown: read from the text
  bool definite = true;
  std::string_view repair{};  ///< the member to drop for one retry; a {field} caught by `text` goes before
  std::string_view repair_rename{};  ///< its new name
  std::chrono::seconds wait{0};      ///< how long, when the answer itself names no time; 0: the host decides
};

/// What an error body says, whatever its shape.
struct ErrorFacts {
  int status = 0;  ///< the HTTP status; of an error inside a 200 the code it carries, 0 when it carries none
  bool html = false;
  bool in_success = false;  ///< the answer's own status was 2xx
  std::string message;      ///< the sentence, at most 4 KiB
  std::string code;         ///< numbers as text
  std::string type;
  std::string
      param;  ///< the member the error names; of FastAPI's list the top-level one that `loc` ends with
  std::string retry;       ///< retryDelay, retry_after, retryAfter, retry_after_seconds, estimated_time
  std::string body;        ///< the first 16 KiB, for patterns on the whole
  bool passed_on = false;  ///< a gateway hands on what the server behind it said (gateway.hpp)
};

/// Finds the error in a body: {"error":{...}}, {"error":"text"}, {"errors":[...]}, {"message"},
/// {"message":{}},
/// {"detail":"text"}, FastAPI's {"detail":[...]}, {"title"}, a one-element array of these, a cut JSON text,
/// HTML, plain text.
ErrorFacts read_error(int http_status, std::string_view body);

/// True when a parsed 2xx body says that it is an error (an `error` that is not empty, or
/// {"object":"error"}). For hooks and parsers; the body must be one JSON object.
bool says_error(std::string_view body);

/// Sorts: provider rows, machine codes and texts (each only under the statuses where it makes sense), the
/// status. Then fills window, unit, numbers, repair and the wait. `windows` are the provider's statements of
/// the same answer (read_limits); one with nothing remaining gives the wait when nothing better does.
void classify(const ErrorFacts& facts, const Headers& head, std::span<const ErrorRow> rows,
              std::span<const freellm_window> windows, std::int64_t now_unix_ms, OutcomeOut& out);

/// One window as its header fields tell it. Names in lower case, "" for what the provider does not send. The
/// reset may be a duration, seconds, epoch seconds or milliseconds, or a date.
struct LimitHeaders {
  std::uint32_t unit = FREELLM_UNIT_UNKNOWN;
  std::uint32_t window = FREELLM_WINDOW_UNKNOWN;
  std::uint32_t scope = FREELLM_SCOPE_DEFAULT;
  std::string_view limit{}, remaining{}, reset{};
};
void read_limit_headers(const Headers& head, std::span<const LimitHeaders> table, std::int64_t now_unix_ms,
                        WindowsOut& out);

}  // namespace freellmapi::sdk
