/* A whole provider plugin in plain C: abi.h, a C compiler and nothing else. Its provider is invented; it
 * speaks OpenAI's chat completions with a few differences. sdk/README.md says how it is built. */
#include "echo.h"

#include <string.h>

static const char manifest[] =
#include "manifest.inc" /* manifest.yaml, each line as a string */
    ;

static freellm_status check_key_shape(const freellm_provider* self, freellm_str first_8, size_t length) {
  (void)self;
  return length >= 12 && memcmp(first_8.data, "echo-", 5) == 0 ? FREELLM_OK : FREELLM_E_INVALID;
}

/* The members that the provider knows; it answers 400 to every other one. model, stream and the limit of
 * tokens are written anew, tool members go with tools alone. */
enum { always = 0, with_tools = FREELLM_CALL_TOOLS };
static const struct member {
  freellm_str name;
  uint32_t needs;
} members[] = {{TEXT("messages"), always},
               {TEXT("temperature"), always},
               {TEXT("top_p"), always},
               {TEXT("stop"), always},
               {TEXT("seed"), always},
               {TEXT("presence_penalty"), always},
               {TEXT("frequency_penalty"), always},
               {TEXT("response_format"), always},
               {TEXT("tools"), with_tools},
               {TEXT("tool_choice"), with_tools}};

static int same(freellm_str a, freellm_str b) {
  return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Every callback answers with a status. A negative one is returned at once: the host knows what it means. */
static freellm_status put(freellm_request_out* out, freellm_str text) {
  return out->body(out, text.data, text.size);
}

static freellm_status put_member(freellm_request_out* out, const freellm_member* member, uint32_t flags) {
  const freellm_str comma = TEXT(",\""), colon = TEXT("\":"), null = TEXT("null"), nothing = TEXT("[]");
  const size_t count = sizeof members / sizeof members[0];
  size_t i;
  freellm_status status;
  if (same(member->value, null) || same(member->value, nothing)) return FREELLM_OK;
  for (i = 0; i < count && !same(members[i].name, member->name); i++) continue;
  if (i == count || (members[i].needs & ~flags) != 0) return FREELLM_OK;
  if ((status = put(out, comma)) < 0 || (status = put(out, members[i].name)) < 0) return status;
  if ((status = put(out, colon)) < 0) return status;
  return put(out, member->value); /* lies inside the call's body and is sent from there: nothing is copied */
}

static freellm_status put_number(freellm_request_out* out, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  return out->body(out, digits + at, sizeof digits - at);
}

static freellm_status put_body(freellm_request_out* out, const freellm_call* call) {
  const freellm_str begin = TEXT("{\"model\":\""), limit = TEXT(",\"max_tokens\":"), end = TEXT("}");
  const freellm_str whole = TEXT("\",\"stream\":false");
  const freellm_str stream = TEXT("\",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
  size_t i;
  freellm_status status;
  if ((status = put(out, begin)) < 0 || (status = put(out, call->model)) < 0) return status;
  if ((status = put(out, call->flags & FREELLM_CALL_STREAM ? stream : whole)) < 0) return status;
  if (call->max_output_tokens != 0) {
    if ((status = put(out, limit)) < 0 || (status = put_number(out, call->max_output_tokens)) < 0)
      return status;
    if ((status = out->output_bound(out, call->max_output_tokens)) < 0) return status;
  }
  for (i = 0; i < call->member_count; i++)
    if ((status = put_member(out, &call->members[i], call->flags)) < 0) return status;
  return put(out, end);
}

static freellm_status put_key(freellm_request_out* out) {
  const freellm_str authorization = TEXT("authorization"), bearer = TEXT("Bearer ");
  return out->credential(out, authorization, bearer,
                         0); /* the host writes the key here; no plugin sees one */
}

static freellm_status build_request(const freellm_provider* self, const freellm_call* call,
                                    freellm_request_out* out) {
  const freellm_str post = TEXT("POST"), path = TEXT("/chat/completions");
  const freellm_str type = TEXT("content-type"), json = TEXT("application/json");
  size_t i;
  freellm_status status;
  (void)self;
  if (call->flags & FREELLM_CALL_IMAGES) return FREELLM_E_INVALID; /* the host tries another provider */
  for (i = 0; i < call->model.size; i++)
    if ((unsigned char)call->model.data[i] < 0x20 || strchr("\"\\", call->model.data[i]) != NULL)
      return FREELLM_E_INVALID;
  if ((status = out->target(out, post, path)) < 0) return status;
  if ((status = out->header(out, type, json)) < 0 || (status = put_key(out)) < 0) return status;
  return put_body(out, call);
}

/* Tells a good key from a bad one and costs nothing. */
static freellm_status build_probe(const freellm_provider* self, freellm_request_out* out) {
  const freellm_str get = TEXT("GET"), path = TEXT("/models");
  const freellm_status status = out->target(out, get, path);
  (void)self;
  return status < 0 ? status : put_key(out);
}

/* What is not named stays NULL, which means: there is none. */
static const freellm_provider echo = {.size = sizeof(freellm_provider),
                                      .id = TEXT("echo"),
                                      .manifest = TEXT(manifest),
                                      .check_key_shape = check_key_shape,
                                      .build_request = build_request,
                                      .build_probe = build_probe,
                                      .parser_size = sizeof(struct answer),
                                      .parser_align = _Alignof(struct answer),
                                      .parser_open = answer_open,
                                      .parser_feed = answer_feed,
                                      .parser_finish = answer_finish,
                                      .parser_close = answer_close,
                                      .classify_error = classify_error};

static uint32_t provider_count(void) { return 1; }
static const freellm_provider* provider(uint32_t index) { return index == 0 ? &echo : NULL; }

const freellm_plugin freellm_plugin_v1 = {.size = sizeof(freellm_plugin),
                                          .abi_major = FREELLM_ABI_MAJOR,
                                          .abi_minor = FREELLM_ABI_MINOR,
                                          .min_host_minor = 0, /* nothing newer than 1.0 is needed */
                                          .version = TEXT("1.0.0"),
                                          .provider_count = provider_count,
                                          .provider = provider};
