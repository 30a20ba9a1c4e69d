// The generic rules of sorting, after a provider's own rows.
#include <algorithm>
#include <freellmapi/classify.hpp>
#include <freellmapi/durations.hpp>
#include <optional>

#include "pattern.hpp"

namespace freellmapi::sdk {
namespace {

// From the most specific to the most general. A row stands only under statuses where its words can be
// trusted: the same words occur in prompts that an error echoes.
constexpr ErrorRow generic_rows[] = {
    // a member the provider does not know: one repair in place
    {.status = {400, 422},
     .text = "unsupported parameter: '{field}'*use '{rename}' instead|'{field}' is deprecated*use '{rename}' "
             "instead",
     .error_class = FREELLM_C_BAD_REQUEST},
    {.status = {400, 422},
     .text = "unknown name \"{field}\"|unrecognized request argument supplied: {field}|unknown parameter: "
             "'{field}'|"
             "property '{field}' is unsupported|unsupported parameter: '{field}'|unknown field \"{field}\"|"
             "unrecognized field '{field}'|unexpected keyword argument '{field}'",
     .error_class = FREELLM_C_BAD_REQUEST},
    // content
    {.status = {400, 403, 422},
     .code = "content_filter|content_policy_violation|ResponsibleAIPolicyViolation",
     .error_class = FREELLM_C_CONTENT_FILTERED},
    {.status = {400, 403, 422},
     .text = "content_filter|content policy|content management "
             "policy|ResponsibleAIPolicyViolation|moderation|flagged|safety",
     .error_class = FREELLM_C_CONTENT_FILTERED},
    // context
    {.status = {400, 413, 422, 500},
     .code = "context_length_exceeded|tokens_limit_reached|string_above_max_length",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {400, 413, 422, 500},
     .text = "context_length_exceeded|context window|maximum context length|maximum prompt length|prompt is "
             "too long|"
             "prompt too long|input is too long|exceeds max length|available context size|context size has "
             "been exceeded|"
             "reduce the length|current length is {requested} while limit is {limit}|too many "
             "tokens|tokens_limit_reached",
     .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.status = {429}, .text = "maximum context", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    // models
    {.status = {400, 404, 410},
     .code = "model_decommissioned|model_deprecated",
     .error_class = FREELLM_C_MODEL_GONE},
    {.status = {404, 410},
     .text = "end of life|end-of-life|retired|sunset|deprecated|has been removed|was removed on|no longer "
             "available|decommissioned",
     .error_class = FREELLM_C_MODEL_GONE},
    {.status = {400, 401, 403},
     .text = "model*end of life|model*retired|model*sunset|model*deprecated|model*has been removed|"
             "model*no longer available|model*decommissioned|promotion has ended",
     .error_class = FREELLM_C_MODEL_GONE,
     .definite = false},
    {.status = {400, 403, 404, 422},
     .code = "model_not_found|invalid_model|model_not_supported|unknown_model",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {400, 403, 404, 422},
     .text =
         "model_not_found|model not found|model*not found|model*does not exist|unknown model|invalid model|"
         "not a valid model|no such model|unsupported model|model*is not supported",
     .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.status = {400, 401, 402, 403, 404},
     .text =
         "not allowed to access|do not have access to|does not have access to|no access to model|"
         "requires a subscription|not available on your plan|not available in your plan|upgrade your plan|"
         "upgrade for access|paid plan",
     .error_class = FREELLM_C_MODEL_FORBIDDEN},
    // money. Under 429 the bare word billing is only the advertisement behind a rate limit.
    {.status = {400, 401, 402, 403},
     .text =
         "insufficient balance|insufficient credit|insufficient funds|insufficient quota|insufficient_quota|"
         "payment required|payment method|billing|top up|recharge|out of credits|negative balance",
     .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {429}, .code = "insufficient_quota", .error_class = FREELLM_C_PAYMENT_REQUIRED},
    {.status = {429},
     .text =
         "insufficient balance|insufficient credit|insufficient funds|insufficient quota|insufficient_quota|"
         "payment required|out of credits|negative balance",
     .error_class = FREELLM_C_PAYMENT_REQUIRED},
    // keys
    {.status = {400, 401, 403},
     .code = "invalid_api_key|api_key_invalid|wrong_api_key",
     .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {400, 401, 403},
     .text =
         "invalid api key|invalid_api_key|incorrect api key|wrong api key|api key not valid|api key expired|"
         "api_key_invalid|invalid api token|invalid token|invalid credentials|bad credentials",
     .error_class = FREELLM_C_AUTH_INVALID},
    {.status = {401},
     .text = "unauthorized|authentication|api key|token",
     .error_class = FREELLM_C_AUTH_INVALID},
    // long windows, crowds, short windows
    {.status = {402, 403, 429},
     .text = "per day|daily|(TPD)|(RPD)|perday|free-models-per-day|/ day|weekly|per week|monthly|per month|/ "
             "month|usage limit",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED},
    {.status = {429},
     .text = "overloaded|high traffic|at capacity|capacity exceeded|capacity temporarily "
             "exceeded|temporarily unavailable|"
             "temporarily rate-limited upstream|server is busy|no healthy upstream",
     .error_class = FREELLM_C_OVERLOADED},
    {.status = {429},
     .text = "rate limit|rate-limit|too many requests|per minute|per second|per hour|/ minute|perminute|too "
             "quickly|quota exceeded",
     .error_class = FREELLM_C_RATE_LIMITED},
    {.status = {500, 502, 503, 529},
     .text = "overloaded|high traffic|at capacity|capacity exceeded|capacity temporarily exceeded|over "
             "capacity|temporarily|"
             "server is busy|no healthy upstream|currently loading|loading model|resourceexhausted|try again "
             "later",
     .error_class = FREELLM_C_OVERLOADED},
};

bool has_status(const ErrorRow& row, const ErrorFacts& facts, bool generic) noexcept {
  if (row.status[0] == 0) return true;
  const bool unsaid = facts.in_success && facts.status == 0;
  // A row that knows nothing but its statuses cannot speak of an error without one.
  if (unsaid && !generic)
    return !(row.code.empty() && row.type.empty() && row.text.empty() && row.body.empty());
  return std::any_of(row.status.begin(), row.status.end(), [&](int s) {
    // Without a status only the words count that may be trusted under the statuses of any fault.
    return s != 0 && (unsaid ? s == 400 || s == 429 || s == 500 : s == facts.status);
  });
}

/// True when the row holds; fills `caught`.
bool holds(const ErrorRow& row, const ErrorFacts& facts, bool generic, Captures& caught) {
  if (!has_status(row, facts, generic)) return false;
  if (!row.code.empty() && !one_of(row.code, facts.code)) return false;
  if (!row.type.empty() && !one_of(row.type, facts.type)) return false;
  if (!row.body.empty() && !matches(row.body, facts.body, &caught)) return false;
  return row.text.empty() || matches(row.text, facts.message, &caught);
}

std::uint32_t class_of_status(const ErrorFacts& facts) noexcept {
  const int s = facts.status;
  if (s == 0) return facts.html ? FREELLM_C_MALFORMED : FREELLM_C_SERVER_ERROR;
  if (s == 403 && facts.html) return FREELLM_C_PROVIDER_BLOCKED;
  switch (s) {
    case 401:
      return FREELLM_C_AUTH_INVALID;
    case 402:
      return FREELLM_C_PAYMENT_REQUIRED;
    case 403:
      return FREELLM_C_AUTH_FORBIDDEN;
    case 404:
      return FREELLM_C_MODEL_NOT_FOUND;
    case 408:
    case 499:
    case 504:
      return FREELLM_C_TIMEOUT;
    case 409:
    case 498:
    case 503:
    case 529:
      return FREELLM_C_OVERLOADED;
    case 410:
      return FREELLM_C_MODEL_GONE;
    case 413:
      return FREELLM_C_CONTEXT_TOO_LONG;
    case 425:
    case 429:
      return FREELLM_C_RATE_LIMITED;
    case 451:
      return FREELLM_C_PROVIDER_BLOCKED;
    default:
      break;
  }
  if (s >= 400 && s < 500) return FREELLM_C_BAD_REQUEST;
  if (s >= 500 && s < 600) return FREELLM_C_SERVER_ERROR;
  return FREELLM_C_UNKNOWN;
}

struct Word {
  std::uint32_t value;
  std::string_view pattern;
};
constexpr Word window_words[] = {
    {FREELLM_WINDOW_SECOND, "per second|/ second|persecond|requests/s"},
    {FREELLM_WINDOW_MINUTE, "per minute|/ minute|perminute|byminute|(TPM)|(RPM)|per-min"},
    {FREELLM_WINDOW_HOUR, "per hour|hourly|/ hour|perhour|(TPH)|(RPH)|per 3600s"},
    {FREELLM_WINDOW_DAY,
     "per day|daily|/ day|perday|byday|(TPD)|(RPD)|per-day|per 86400s|today|per 24 hours"},
    {FREELLM_WINDOW_WEEK, "per week|weekly|/ week"},
    {FREELLM_WINDOW_MONTH, "per month|monthly|/ month|permonth"},
    {FREELLM_WINDOW_SESSION, "session usage limit|session limit"},
};
constexpr Word unit_words[] = {
    {FREELLM_UNIT_CONCURRENCY, "concurren|simultaneous"},
    {FREELLM_UNIT_INPUT_TOKENS, "input tokens|input_token|inputtoken"},
    {FREELLM_UNIT_OUTPUT_TOKENS, "output tokens|output_token"},
    {FREELLM_UNIT_TOKENS, "tokens per|token limit|tokens_per|(TPM)|(TPD)|tokens|token_quota"},
    {FREELLM_UNIT_REQUESTS, "requests per|requests|calls|(RPM)|(RPD)|request_quota|messages"},
    {FREELLM_UNIT_MONEY, "credits|neurons|pollen"},
};

/// The word that stands first in the text; a sentence names its own window before others.
std::uint32_t first_word(std::span<const Word> words, std::string_view text) {
  std::size_t best = std::string_view::npos;
  std::uint32_t value = 0;
  for (const Word& word : words) {
    std::string_view rest = word.pattern;
    while (!rest.empty()) {  // each alternative by itself: the earliest of them counts
      const std::size_t bar = rest.find('|');
      const std::size_t at = find_pattern(rest.substr(0, bar), text, nullptr);
      if (at < best) best = at, value = word.value;
      rest.remove_prefix(bar == rest.npos ? rest.size() : bar + 1);
    }
  }
  return value;
}

constexpr std::string_view number_patterns =
    "limit {limit}, used {used}, requested {requested}|limit {limit}, requested {requested}|"
    "maximum context length is {limit} tokens*requested {requested} tokens|"
    "maximum context length is {limit} tokens*requested about {requested}|maximum context length is {limit}|"
    "current length is {requested} while limit is {limit}|contains {requested} tokens*with {limit} maximum "
    "context|"
    "exceed {limit}*received {requested}|max size: {limit} tokens|rate limit of {limit} per|limited to "
    "{limit} |"
    "limit is {limit} tokens|"
    "token count ({requested}) exceeds*({limit})|limit: {limit}";

bool time_bound(std::uint32_t error_class) noexcept {
  switch (error_class) {
    case FREELLM_C_RATE_LIMITED:
    case FREELLM_C_QUOTA_EXHAUSTED:
    case FREELLM_C_OVERLOADED:
    case FREELLM_C_SERVER_ERROR:
    case FREELLM_C_MODEL_UNAVAILABLE:
    case FREELLM_C_TIMEOUT:
    case FREELLM_C_UNKNOWN:
      return true;
    default:
      return false;
  }
}

/// The statement with nothing left that fits best what is known: same window and unit, else the longest
/// window.
const freellm_window* spent(std::span<const freellm_window> windows, const freellm_outcome& o) noexcept {
  const freellm_window* best = nullptr;
  for (const freellm_window& w : windows) {
    if (w.remaining != 0) continue;
    if (o.window != FREELLM_WINDOW_UNKNOWN && w.window != o.window) continue;
    if (o.unit != FREELLM_UNIT_UNKNOWN && w.unit != o.unit) continue;
    if (best == nullptr || w.window > best->window) best = &w;
  }
  return best;
}

void fill_wait(const ErrorFacts& facts, const Headers& head, const freellm_window* window, std::int64_t now,
               freellm_outcome& o) {
  std::optional<Wait> wait;
  // In order of trust. A later source that agrees with an earlier one to the second is the same statement
  // said more exactly: the longer of them is taken, so that we do not come back a fraction early.
  const auto offer = [&](std::optional<Wait> w) {
    if (!w) return;
    if (!wait) {
      wait = w;
    } else if (w->from_now > wait->from_now && w->from_now - wait->from_now < std::chrono::seconds(1)) {
      wait->from_now = w->from_now;
    }
  };
  if (const auto text = head.find("retry-after")) offer(parse_wait(*text, now));
  if (const auto ms = head.number("retry-after-ms"); ms && *ms <= 31ULL * 86'400'000)
    offer(Wait{milliseconds(static_cast<std::int64_t>(*ms)), std::nullopt});
  if (!facts.retry.empty()) offer(parse_wait(facts.retry, now));
  if (window != nullptr && window->reset_in_ms >= 0)
    offer(Wait{milliseconds(window->reset_in_ms), std::nullopt});
  if (time_bound(o.error_class))
    if (const auto prose = find_duration(facts.message)) offer(Wait{*prose, std::nullopt});
  if (!wait) return;
  const bool long_window = o.window == FREELLM_WINDOW_MONTH || o.window == FREELLM_WINDOW_WEEK;
  o.retry_after_ms = clamp_wait(wait->from_now, long_window ? longest_wait : day_wait).count();
  if (wait->until_unix_ms) o.reset_unix_ms = *wait->until_unix_ms;
}

/// The top-level member of "a.b"; nothing for what no request can go without.
std::string_view droppable(std::string_view field) noexcept {
  if (field.starts_with("body.")) field.remove_prefix(5);
  field = field.substr(0, field.find('.'));
  return field == "messages" || field == "model" || field == "body" ? std::string_view{} : field;
}

}  // namespace

void classify(const ErrorFacts& facts, const Headers& head, std::span<const ErrorRow> rows,
              std::span<const freellm_window> windows, std::int64_t now, OutcomeOut& out) {
  freellm_outcome& o = out.raw();
  Captures caught;
  std::chrono::seconds usual_wait{0};
  const auto by_table = [&](std::span<const ErrorRow> table, bool generic) {
    for (const ErrorRow& row : table) {
      Captures found;
      if (!holds(row, facts, generic, found)) continue;
      caught = std::move(found);
      out.sort(row.error_class, row.definite, row.scope);
      out.window(row.window, row.unit);
      usual_wait = row.wait;
      out.repair(!caught.field.empty() ? droppable(caught.field) : row.repair,
                 !caught.rename.empty() ? std::string_view(caught.rename) : row.repair_rename);
      return true;
    }
    return false;
  };
  const bool forbidden_member = (facts.status == 400 || facts.status == 422 || facts.in_success) &&
                                facts.type == "extra_forbidden" && !droppable(facts.param).empty();
  if (by_table(rows, false)) {
  } else if (forbidden_member) {
    out.sort(FREELLM_C_BAD_REQUEST, true);
    out.repair(droppable(facts.param));
  } else if (facts.html || !by_table(generic_rows, true)) {
    out.sort(class_of_status(facts), false);
  }
  out.code(facts.code.empty() ? facts.type : facts.code);
  out.message(facts.message);

  const bool limit_signal =
      o.error_class == FREELLM_C_RATE_LIMITED || o.error_class == FREELLM_C_QUOTA_EXHAUSTED;
  const freellm_window* window = nullptr;
  if (limit_signal) {
    if (o.window == FREELLM_WINDOW_UNKNOWN) o.window = first_word(window_words, facts.message);
    if (o.unit == FREELLM_UNIT_UNKNOWN) o.unit = first_word(unit_words, facts.message);
    window = spent(windows, o);
    if (window != nullptr) {
      if (o.window == FREELLM_WINDOW_UNKNOWN) o.window = window->window;
      if (o.unit == FREELLM_UNIT_UNKNOWN) o.unit = window->unit;
    }
    if (o.error_class == FREELLM_C_RATE_LIMITED && o.window >= FREELLM_WINDOW_DAY)
      o.error_class = FREELLM_C_QUOTA_EXHAUSTED;
  }
  if (limit_signal || o.error_class == FREELLM_C_CONTEXT_TOO_LONG) {
    if (caught.limit == 0 && caught.used == 0 && caught.requested == 0)
      matches(number_patterns, facts.message, &caught);
    o.limit = caught.limit;
    o.used = caught.used;
    o.requested = caught.requested;
    if (o.limit == 0 && window != nullptr && window->limit != not_said) o.limit = window->limit;
  }
  fill_wait(facts, head, window, now, o);
  if (o.retry_after_ms < 0 && usual_wait.count() > 0) o.retry_after_ms = milliseconds(usual_wait).count();
}

void read_limit_headers(const Headers& head, std::span<const LimitHeaders> table, std::int64_t now,
                        WindowsOut& out) {
  const auto number = [&](std::string_view name) { return name.empty() ? std::nullopt : head.number(name); };
  for (const LimitHeaders& row : table) {
    std::int64_t reset = -1;
    if (const auto text = row.reset.empty() ? std::nullopt : head.find(row.reset))
      if (const auto wait = parse_wait(*text, now)) reset = wait->from_now.count();
    out.add(row.unit, row.window, row.scope, number(row.limit), number(row.remaining), reset);
  }
}

}  // namespace freellmapi::sdk
