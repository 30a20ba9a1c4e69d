/* An answer: server-sent events or one JSON body, in OpenAI's shape, cut anywhere by the network. */
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "json.h"

enum {
  event_most = 1 << 20,
  body_most = 8 << 20,
  tools_most = 128
}; /* all that an answer can grow has a bound */

static bool same(freellm_str text, const char* word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static bool is_event_stream(const freellm_head* head) {
  static const char type[] = "text/event-stream";
  size_t i, k;
  for (i = 0; i < head->header_count; i++) {
    const freellm_str value = head->headers[i].value;
    if (!same(head->headers[i].name, "content-type")) continue;
    for (k = 0; k < sizeof type - 1 && k < value.size; k++)
      if ((value.data[k] | 0x20) != (type[k] | 0x20)) return false;
    return k == sizeof type - 1;
  }
  return false;
}

freellm_status answer_open(const freellm_provider* self, void* memory, const freellm_call* call,
                           const freellm_head* head) {
  struct answer* answer = memory;
  (void)self;
  (void)call;
  memset(answer, 0, sizeof *answer);
  answer->is_stream = is_event_stream(head);
  return FREELLM_OK;
}

void answer_close(void* memory) { free(((struct answer*)memory)->held); }

static freellm_status hold(struct answer* answer, const char* data, size_t n) {
  const size_t most = answer->is_stream ? event_most : body_most;
  if (n == 0) return FREELLM_OK;
  if (n > most - answer->size) return FREELLM_E_LIMIT;
  if (answer->size + n > answer->capacity) {
    size_t capacity = answer->capacity == 0 ? 1024 : answer->capacity;
    char* larger;
    while (capacity < answer->size + n) capacity *= 2;
    if ((larger = realloc(answer->held, capacity)) == NULL) return FREELLM_E_LIMIT;
    answer->held = larger;
    answer->capacity = capacity;
  }
  memcpy(answer->held + answer->size, data, n);
  answer->size += n;
  return FREELLM_OK;
}

/* ---- from JSON to events. The size of an event says which fields we know: a newer host leaves the others
 * alone. ---- */

/* A text of any length in pieces; nothing is allocated. */
static freellm_status emit_text(freellm_events_out* out, uint16_t type, freellm_str value) {
  char piece[4096];
  size_t at = 0, size;
  if (json_is_null(value)) return FREELLM_OK;
  if (!json_is_string(value)) return FREELLM_E_PROTOCOL; /* no text is ever skipped */
  while ((size = json_decode(value, &at, piece, sizeof piece)) > 0) {
    const freellm_ev_text event = {.h = {sizeof event, type, 0}, .text = {piece, size}};
    const freellm_status status = out->emit(out, &event.h);
    if (status < 0) return status;
  }
  return FREELLM_OK;
}

static freellm_status emit_arguments(freellm_events_out* out, uint32_t index, freellm_str value) {
  char piece[4096];
  size_t at = 0, size;
  if (json_is_null(value)) return FREELLM_OK;
  if (!json_is_string(value)) return FREELLM_E_PROTOCOL;
  while ((size = json_decode(value, &at, piece, sizeof piece)) > 0) {
    const freellm_ev_tool event = {
        .h = {sizeof event, FREELLM_EV_TOOL, 0}, .index = index, .arguments = {piece, size}};
    const freellm_status status = out->emit(out, &event.h);
    if (status < 0) return status;
  }
  return FREELLM_OK;
}

static freellm_status emit_tool(struct answer* answer, freellm_str call, uint64_t position,
                                freellm_events_out* out) {
  const freellm_str function = json_member(call, "function"), name = json_member(function, "name");
  const freellm_str id = json_member(call, "id");
  const uint64_t index = json_count(json_member(call, "index"), position);
  if (!json_is_object(call) || index >= tools_most) return FREELLM_E_PROTOCOL;
  uint64_t* const named = &answer->named[index / 64];
  const uint64_t bit = (uint64_t)1 << index % 64;
  if ((*named & bit) == 0) { /* the first piece of a call has its name */
    char name_text[256], id_text[256];
    size_t name_at = 0, id_at = 0, name_size, id_size = 0;
    if (!json_is_string(name)) return FREELLM_E_PROTOCOL;
    name_size = json_decode(name, &name_at, name_text, sizeof name_text);
    if (json_is_string(id)) id_size = json_decode(id, &id_at, id_text, sizeof id_text);
    if (name_size == 0 || name_at + 1 < name.size || (id_at != 0 && id_at + 1 < id.size))
      return FREELLM_E_PROTOCOL;
    const freellm_ev_tool event = {.h = {sizeof event, FREELLM_EV_TOOL, 0},
                                   .index = (uint32_t)index,
                                   .id = {id_text, id_size},
                                   .name = {name_text, name_size}};
    const freellm_status status = out->emit(out, &event.h);
    if (status < 0) return status;
    *named |= bit;
  }
  return emit_arguments(out, (uint32_t)index, json_member(function, "arguments"));
}

/* `message` is the whole one, or what a stream adds to it. */
static freellm_status read_message(struct answer* answer, freellm_str message, freellm_events_out* out) {
  const freellm_str calls = json_member(message, "tool_calls");
  freellm_str call;
  size_t at = 0;
  uint64_t position = 0;
  freellm_status status;
  if ((status = emit_text(out, FREELLM_EV_REASONING, json_member(message, "reasoning_content"))) < 0)
    return status;
  if ((status = emit_text(out, FREELLM_EV_TEXT, json_member(message, "content"))) < 0) return status;
  if ((status = emit_text(out, FREELLM_EV_REFUSAL, json_member(message, "refusal"))) < 0) return status;
  if (!json_is_null(calls) && !json_is_array(calls)) return FREELLM_E_PROTOCOL;
  while (json_next(calls, &at, &call))
    if ((status = emit_tool(answer, call, position++, out)) < 0) return status;
  return FREELLM_OK;
}

static freellm_status read_usage(freellm_str usage, freellm_events_out* out) {
  const freellm_str input = json_member(usage, "prompt_tokens_details");
  const freellm_str output = json_member(usage, "completion_tokens_details");
  const freellm_ev_usage event = {
      .h = {sizeof event, FREELLM_EV_USAGE, 0},
      .input_tokens = json_count(json_member(usage, "prompt_tokens"), UINT64_MAX),
      .output_tokens = json_count(json_member(usage, "completion_tokens"), UINT64_MAX),
      .cached_tokens = json_count(json_member(input, "cached_tokens"), UINT64_MAX),
      .reasoning_tokens = json_count(json_member(output, "reasoning_tokens"), UINT64_MAX)};
  return json_is_object(usage) ? out->emit(out, &event.h) : FREELLM_OK;
}

static freellm_str reason_of(freellm_str word) {
  static const freellm_str known[] = {TEXT("\"stop\""), TEXT("\"length\""), TEXT("\"tool_calls\""),
                                      TEXT("\"content_filter\"")};
  size_t i;
  for (i = 1; i < sizeof known / sizeof known[0]; i++)
    if (word.size == known[i].size && memcmp(word.data, known[i].data, word.size) == 0) break;
  if (i == sizeof known / sizeof known[0]) i = 0; /* a word that nobody knows still ends the answer */
  return (freellm_str){known[i].data + 1, known[i].size - 2};
}

/* An error inside a 200. Nothing may follow it. */
static freellm_status read_error(freellm_str text, freellm_events_out* out) {
  freellm_outcome outcome = {.size = sizeof outcome, .retry_after_ms = -1, .reset_unix_ms = -1};
  const uint64_t code = json_count(json_member(json_member(text, "error"), "code"), 500);
  const freellm_ev_error event = {.h = {sizeof event, FREELLM_EV_ERROR, 0}, .outcome = &outcome};
  sort_error(code >= 400 && code <= 599 ? (int32_t)code : 500, text, &outcome);
  const freellm_status status = out->emit(out, &event.h);
  return status < 0 ? status : FREELLM_DONE;
}

static freellm_status emit_finish(const struct answer* answer, freellm_events_out* out) {
  const freellm_ev_finish event = {.h = {sizeof event, FREELLM_EV_FINISH, 0}, .reason = answer->reason};
  return answer->reason.size == 0 ? FREELLM_E_TRUNCATED : out->emit(out, &event.h);
}

/* One chunk of a stream, or the whole answer: they differ in the name of the message. */
static freellm_status read_chunk(struct answer* answer, freellm_str text, const char* message,
                                 freellm_events_out* out) {
  freellm_str choices, choice, reason;
  size_t at = 0;
  freellm_status status;
  if (!json_valid(text)) return FREELLM_E_PROTOCOL;
  while (text.size > 0 && *text.data != '{' && strchr(" \t\r\n", *text.data) != NULL)
    text.data++, text.size--;
  if (!json_is_object(text)) return FREELLM_E_PROTOCOL;
  if (!json_is_null(json_member(text, "error"))) return read_error(text, out);
  choices = json_member(text, "choices");
  if (!json_is_array(choices) && !json_is_object(json_member(text, "usage"))) return FREELLM_E_PROTOCOL;
  while (json_next(choices, &at, &choice)) {
    if (!json_is_object(choice)) return FREELLM_E_PROTOCOL;
    if (json_count(json_member(choice, "index"), 0) != 0) continue; /* one answer was asked for */
    if ((status = read_message(answer, json_member(choice, message), out)) < 0) return status;
    reason = json_member(choice, "finish_reason");
    if (json_is_string(reason) && answer->reason.size == 0) answer->reason = reason_of(reason);
  }
  return read_usage(json_member(text, "usage"), out);
}

/* ---- server-sent events ---- */

static freellm_status end_event(struct answer* answer, freellm_events_out* out) {
  freellm_str data = {answer->held, answer->data_size};
  freellm_status status;
  answer->size = answer->data_size = 0;
  if (data.size <= 1) return FREELLM_OK; /* nothing, or an empty line of data */
  data.size--;                           /* the newline that stands behind every line of data */
  if (!same(data, "[DONE]")) return read_chunk(answer, data, "delta", out);
  status = emit_finish(answer, out);
  return status < 0 ? status : FREELLM_DONE;
}

/* The line stands behind the data; what is not "data:" goes away. */
static freellm_status end_line(struct answer* answer, freellm_events_out* out) {
  char* line = answer->held + answer->data_size;
  size_t size = answer->size - answer->data_size;
  if (!answer->begun && size >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3, size -= 3;
  answer->begun = 1;
  if (size == 0) return end_event(answer, out);
  answer->size = answer->data_size;
  if (size < 5 || memcmp(line, "data:", 5) != 0) return FREELLM_OK;
  line += 5, size -= 5;
  if (size > 0 && *line == ' ') line++, size--;
  memmove(answer->held + answer->data_size, line, size); /* to the left: there is room for the newline */
  answer->held[answer->data_size + size] = '\n';
  answer->size = answer->data_size += size + 1;
  return FREELLM_OK;
}

static freellm_status feed_stream(struct answer* answer, const char* data, size_t n,
                                  freellm_events_out* out) {
  const char *const end = data + n, *line_end;
  freellm_status status;
  while (data < end) {
    if (answer->after_cr && *data == '\n') data++; /* CR LF ends one line, not two */
    answer->after_cr = 0;
    for (line_end = data; line_end < end && *line_end != '\n' && *line_end != '\r';) line_end++;
    if ((status = hold(answer, data, (size_t)(line_end - data))) < 0) return status;
    if (line_end == end) return FREELLM_OK;
    answer->after_cr = *line_end == '\r';
    data = line_end + 1;
    if ((status = end_line(answer, out)) != FREELLM_OK) return status;
  }
  return FREELLM_OK;
}

freellm_status answer_feed(void* memory, const void* data, size_t n, freellm_events_out* out) {
  struct answer* answer = memory;
  if (answer->status == FREELLM_OK)
    answer->status = answer->is_stream ? feed_stream(answer, data, n, out) : hold(answer, data, n);
  return answer->status;
}

freellm_status answer_finish(void* memory, freellm_events_out* out) {
  struct answer* answer = memory;
  freellm_status status = answer->status;
  if (status != FREELLM_OK) return status < 0 ? status : FREELLM_OK;
  if (!answer->is_stream) {
    const freellm_str body = {answer->held, answer->size};
    if (body.size == 0) return FREELLM_E_TRUNCATED;
    if ((status = read_chunk(answer, body, "message", out)) != FREELLM_OK)
      return status < 0 ? status : FREELLM_OK;
  }
  return emit_finish(answer, out); /* some end without [DONE]: the finish_reason is what counts */
}
