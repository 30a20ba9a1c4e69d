/* A plugin in plain C: every byte of an answer becomes one text event. The tests build it against the
 * frozen 1.0 header, against today's and against an invented 1.9, and with the faults that the macros below
 * bring in. */
#include <stdlib.h>
#include <string.h>

#include "abi.h"

#ifndef SAMPLE_SYMBOL
#define SAMPLE_SYMBOL freellm_plugin_v1
#endif
#ifndef SAMPLE_ID
#define SAMPLE_ID "sample"
#endif
#ifndef SAMPLE_VERSION
#define SAMPLE_VERSION "1.2.3"
#endif
#ifndef SAMPLE_MAJOR
#define SAMPLE_MAJOR FREELLM_ABI_MAJOR
#endif
#ifndef SAMPLE_MIN_HOST_MINOR
#define SAMPLE_MIN_HOST_MINOR 0
#endif
#ifndef SAMPLE_PLUGIN_SIZE
#define SAMPLE_PLUGIN_SIZE sizeof(freellm_plugin)
#endif
#ifndef SAMPLE_PROVIDER_SIZE
#define SAMPLE_PROVIDER_SIZE sizeof(freellm_provider)
#endif
#ifndef SAMPLE_INIT_STATUS
#define SAMPLE_INIT_STATUS FREELLM_OK
#endif
#ifndef SAMPLE_COUNT
#define SAMPLE_COUNT 1
#endif

#define S(text) \
  { text, sizeof(text) - 1 }

#ifdef SAMPLE_CONSTRUCTOR
/* Code that runs as soon as the library is mapped. */
__attribute__((constructor)) static void mapped(void) { setenv("FREELLM_SAMPLE_RAN", "1", 1); }
#endif

#ifdef SAMPLE_UNDEFINED
int freellm_sample_nobody_defines_this(void);
#endif

struct parser {
  uint32_t fed;
};

static freellm_status check_key_shape(const freellm_provider* p, freellm_str first_8, size_t length) {
  (void)p;
  return length >= 10 && first_8.size == 8 && memcmp(first_8.data, "smpl_", 5) == 0 ? FREELLM_OK
                                                                                    : FREELLM_E_INVALID;
}

static freellm_status build_request(const freellm_provider* p, const freellm_call* call,
                                    freellm_request_out* out) {
  const freellm_str post = S("POST"), path = S("/echo");
  const freellm_str type = S("Content-Type"), json = S("application/json");
  const freellm_str authorization = S("Authorization"), bearer = S("Bearer ");
  freellm_status status;
  (void)p;
  if ((status = out->target(out, post, path)) < 0) return status;
  if ((status = out->header(out, type, json)) < 0) return status;
  if ((status = out->credential(out, authorization, bearer, 0)) < 0) return status;
#if FREELLM_ABI_MINOR >= 9
  /* What a 1.0 host does not have is not touched. */
  if (FREELLM_HAS(out, since_1_9_trailer) && (status = out->since_1_9_trailer(out, type, json)) < 0)
    return status;
  if (FREELLM_HAS(call, since_1_9_user) && call->since_1_9_user.size != 0) return FREELLM_E_INVALID;
#endif
#ifdef SAMPLE_UNDEFINED
  if (freellm_sample_nobody_defines_this() != 0) return FREELLM_E_INTERNAL;
#endif
  if ((status = out->output_bound(out, call->max_output_tokens)) < 0) return status;
  return out->body(out, call->body.data, call->body.size);
}

static freellm_status parser_open(const freellm_provider* p, void* memory, const freellm_call* call,
                                  const freellm_head* head) {
  (void)p;
  (void)call;
  if (head->http_status != 200) return FREELLM_E_INVALID;
  ((struct parser*)memory)->fed = 0;
  return FREELLM_OK;
}

static freellm_status emit_text(freellm_events_out* out, const char* text, size_t size) {
  freellm_ev_text event;
  memset(&event, 0, sizeof event);
  event.h.size = sizeof event;
  event.h.type = FREELLM_EV_TEXT;
  event.text.data = text;
  event.text.size = size;
  return out->emit(out, &event.h);
}

static freellm_status parser_feed(void* memory, const void* data, size_t n, freellm_events_out* out) {
  const char* bytes = data;
  size_t i;
  for (i = 0; i < n; i++) {
    freellm_status status = emit_text(out, bytes + i, 1);
    if (status < 0) return status;
#if FREELLM_ABI_MINOR >= 9
    {
      freellm_event unheard_of = {sizeof unheard_of, FREELLM_EV_SINCE_1_9, 0};
      if ((status = out->emit(out, &unheard_of)) < 0) return status;
    }
#endif
    ((struct parser*)memory)->fed++;
  }
  return FREELLM_OK;
}

static freellm_status parser_finish(void* memory, freellm_events_out* out) {
  const freellm_str stop = S("stop");
  const struct parser* parser = memory;
  freellm_ev_usage usage;
  freellm_ev_finish finish;
  freellm_status status;
  if (parser->fed == 0) return FREELLM_E_TRUNCATED;
  if ((status = emit_text(out, "|" SAMPLE_VERSION, sizeof SAMPLE_VERSION)) < 0) return status;
  memset(&usage, 0, sizeof usage);
  usage.h.size = sizeof usage;
  usage.h.type = FREELLM_EV_USAGE;
  usage.input_tokens = UINT64_MAX;
  usage.output_tokens = parser->fed;
  usage.cached_tokens = UINT64_MAX;
  usage.reasoning_tokens = UINT64_MAX;
  if ((status = out->emit(out, &usage.h)) < 0) return status;
  memset(&finish, 0, sizeof finish);
  finish.h.size = sizeof finish;
  finish.h.type = FREELLM_EV_FINISH;
  finish.reason = stop;
  return out->emit(out, &finish.h);
}

static void parser_close(void* memory) { (void)memory; }

static freellm_status classify_error(const freellm_provider* p, const freellm_head* head, freellm_str body,
                                     int64_t now_unix_ms, freellm_outcome* outcome) {
  (void)p;
  (void)body;
  (void)now_unix_ms;
  outcome->error_class = head->http_status == 429 ? FREELLM_C_RATE_LIMITED : 4242;
  outcome->retry_after_ms = 1500;
#if FREELLM_ABI_MINOR >= 9
  if (FREELLM_HAS(outcome, since_1_9_advice)) strcpy(outcome->since_1_9_advice, "wait");
#endif
  return FREELLM_OK;
}

static const freellm_provider provider_0 = {
    .size = SAMPLE_PROVIDER_SIZE,
    .id = S(SAMPLE_ID),
    .manifest = S("manifest: 1\nid: " SAMPLE_ID "\nversion: " SAMPLE_VERSION "\n"),
    .check_key_shape = check_key_shape,
    .build_request = build_request,
    .parser_size = sizeof(struct parser),
    .parser_align = 4,
    .parser_open = parser_open,
    .parser_feed = parser_feed,
    .parser_finish = parser_finish,
    .parser_close = parser_close,
    .classify_error = classify_error};

static freellm_status init(const freellm_host* host) {
  const freellm_str hello = S("hello\nfrom the sample");
  host->log(host, 1, hello);
#if FREELLM_ABI_MINOR >= 9
  if (FREELLM_HAS(host, since_1_9_random)) (void)host->since_1_9_random(host);
#endif
  return SAMPLE_INIT_STATUS;
}

static uint32_t provider_count(void) { return SAMPLE_COUNT; }
static const freellm_provider* provider(uint32_t index) {
  (void)index;
  return &provider_0;
}

extern FREELLM_EXPORT const freellm_plugin SAMPLE_SYMBOL;
const freellm_plugin SAMPLE_SYMBOL = {.size = SAMPLE_PLUGIN_SIZE,
                                      .abi_major = SAMPLE_MAJOR,
                                      .abi_minor = FREELLM_ABI_MINOR,
                                      .min_host_minor = SAMPLE_MIN_HOST_MINOR,
                                      .version = S(SAMPLE_VERSION),
                                      .init = init,
                                      .provider_count = provider_count,
                                      .provider = provider};
