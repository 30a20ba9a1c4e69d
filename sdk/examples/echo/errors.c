/* What an error answer means. The host decides what to do about it. */
#include <string.h>

#include "echo.h"
#include "json.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* Does `text`, in any case, hold `words` (lower case)? */
static bool holds(freellm_str text, const char* words) {
  const size_t size = strlen(words);
  size_t i, k;
  for (i = 0; i + size <= text.size; i++) {
    for (k = 0; k < size && lower(text.data[i + k]) == words[k]; k++) continue;
    if (k == size) return true;
  }
  return false;
}

static uint32_t class_of_status(int32_t status) {
  switch (status) {
    case 400:
    case 422:
      return FREELLM_C_BAD_REQUEST;
    case 401:
      return FREELLM_C_AUTH_INVALID;
    case 402:
      return FREELLM_C_PAYMENT_REQUIRED;
    case 403:
      return FREELLM_C_AUTH_FORBIDDEN;
    case 404:
      return FREELLM_C_MODEL_NOT_FOUND;
    case 408:
    case 504:
      return FREELLM_C_TIMEOUT;
    case 429:
      return FREELLM_C_RATE_LIMITED;
    case 503:
    case 529:
      return FREELLM_C_OVERLOADED;
    default:
      return status >= 500 && status <= 524 ? FREELLM_C_SERVER_ERROR : FREELLM_C_UNKNOWN;
  }
}

/* The rows that no status tells, from the provider's own words: only these are certain. */
static const struct row {
  int32_t status;
  const char* words;
  uint32_t error_class, window;
} rows[] = {
    {400, "api key not valid", FREELLM_C_AUTH_INVALID, FREELLM_WINDOW_UNKNOWN}, /* this one lies about 401 */
    {400, "context_length_exceeded", FREELLM_C_CONTEXT_TOO_LONG, FREELLM_WINDOW_UNKNOWN},
    {429, "requests per day", FREELLM_C_QUOTA_EXHAUSTED, FREELLM_WINDOW_DAY}};

/* The string, or nothing, into a text of the outcome; the host has zeroed it. */
static void copy_text(freellm_str string, char* to, size_t capacity) {
  char text[512];
  size_t at = 0, size;
  if (!json_is_string(string)) return;
  size = json_decode(string, &at, text, capacity - 1 < sizeof text ? capacity - 1 : sizeof text);
  memcpy(to, text, size);
}

void sort_error(int32_t status, freellm_str body, freellm_outcome* outcome) {
  const size_t count = sizeof rows / sizeof rows[0];
  size_t i;
  outcome->error_class = class_of_status(status);
  for (i = 0; i < count; i++) {
    if (rows[i].status != status || !holds(body, rows[i].words)) continue;
    outcome->error_class = rows[i].error_class;
    outcome->window = rows[i].window;
    outcome->definite = 1;
    break;
  }
  if (!json_valid(body)) return;
  copy_text(json_member(json_member(body, "error"), "message"), outcome->message, sizeof outcome->message);
  copy_text(json_member(json_member(body, "error"), "code"), outcome->code, sizeof outcome->code);
}

/* Whole seconds, up to a day; a date or anything odd is not said. */
static int64_t retry_after_ms(const freellm_head* head) {
  const freellm_str name = TEXT("retry-after");
  size_t i;
  for (i = 0; i < head->header_count; i++) {
    const freellm_header header = head->headers[i];
    if (header.name.size != name.size || memcmp(header.name.data, name.data, name.size) != 0) continue;
    const uint64_t seconds = json_count(header.value, UINT64_MAX);
    return seconds <= 86400 ? (int64_t)seconds * 1000 : -1;
  }
  return -1;
}

freellm_status classify_error(const freellm_provider* self, const freellm_head* head, freellm_str body,
                              int64_t now_unix_ms, freellm_outcome* outcome) {
  (void)self;
  (void)now_unix_ms;
  sort_error(head->http_status, body, outcome);
  outcome->retry_after_ms = retry_after_ms(head);
  return FREELLM_OK;
}
