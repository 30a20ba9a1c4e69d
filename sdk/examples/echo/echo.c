/* A whole provider plugin in plain C, without the C++ layer. Its provider is invented: it takes OpenAI's
 * JSON and answers with plain text. A compiler and one header, which has the rules, are enough:
 *   cc -std=c11 -O2 -shared -fPIC -fvisibility=hidden -I/usr/local/include -o echo.so echo.c
 * Then put echo.so into a plugin folder. */
#include <freellmapi/abi.h>
#include <string.h>

#define TEXT(literal) \
  { (literal), sizeof(literal) - 1 }

/* JSON is YAML, and a short manifest fits into the code. The engine counts the requests: plugins do not. */
static const char manifest[] =
    "manifest: 1\n"
    "id: echo\n"
    "name: Echo\n"
    "version: 1.0.0\n"
    "base_url: https://echo.example.com/api\n"
    "wire: echo\n"
    "keys: {env: [ECHO_API_KEY], prefix: echo-, min_length: 12, required: true}\n"
    "counters: {scope: key, minute: rolling}\n"
    "models:\n"
    "  echo-1: {family: echo-1, kind: chat, context: 8192, max_output: 4096, quota: {rpm: 10}}\n";

static freellm_status check_key_shape(const freellm_provider* self, freellm_str first_8, size_t length) {
  (void)self;
  return length >= 12 && memcmp(first_8.data, "echo-", 5) == 0 ? FREELLM_OK : FREELLM_E_INVALID;
}

/* Every callback answers with a status. A negative one is returned at once: the host knows what it means. */
static freellm_status build_request(const freellm_provider* self, const freellm_call* call,
                                    freellm_request_out* out) {
  const freellm_str post = TEXT("POST"), path = TEXT("/complete");
  const freellm_str type = TEXT("Content-Type"), json = TEXT("application/json");
  const freellm_str authorization = TEXT("Authorization"), bearer = TEXT("Bearer ");
  freellm_status status;
  (void)self;
  if (call->flags & FREELLM_CALL_IMAGES) return FREELLM_E_INVALID; /* the host tries another provider */
  if ((status = out->target(out, post, path)) < 0) return status;
  if ((status = out->header(out, type, json)) < 0) return status;
  /* The key is never seen here: this marks the place where the host puts it. */
  if ((status = out->credential(out, authorization, bearer, 0)) < 0) return status;
  /* A piece of the call's own body is sent from where it lies; nothing is copied. With more than one model
   * the member "model" would have to be replaced by call->model: call->members says where it lies. */
  return out->body(out, call->body.data, call->body.size);
}

/* One answer. The host gives the memory, so there is nothing to allocate and nothing to free. */
struct parser {
  char held[4]; /* the beginning of a UTF-8 character whose end has not come yet */
  uint32_t held_size;
  uint32_t any; /* an answer without a byte is none */
};

static freellm_status emit_text(freellm_events_out* out, const char* text, size_t size) {
  /* The size says which fields we know: a newer host leaves the others alone. */
  const freellm_ev_text event = {.h = {sizeof event, FREELLM_EV_TEXT, 0}, .text = {text, size}};
  return size == 0 ? FREELLM_OK : out->emit(out, &event.h);
}

/* How many bytes the character that begins with `first` has. */
static size_t character_size(char first) {
  const unsigned char byte = (unsigned char)first;
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

static freellm_status parser_open(const freellm_provider* self, void* memory, const freellm_call* call,
                                  const freellm_head* head) {
  (void)self;
  (void)call;
  (void)head;
  memset(memory, 0, sizeof(struct parser));
  return FREELLM_OK;
}

/* The network cuts the bytes anywhere. What comes out must not depend on it, so a character is never given in
 * halves. */
static freellm_status parser_feed(void* memory, const void* data, size_t n, freellm_events_out* out) {
  struct parser* parser = memory;
  const char* bytes = data;
  size_t back;
  freellm_status status;
  parser->any = 1;
  while (parser->held_size != 0 && n != 0) {
    parser->held[parser->held_size++] = *bytes++;
    n--;
    if (parser->held_size < character_size(parser->held[0])) continue;
    if ((status = emit_text(out, parser->held, parser->held_size)) < 0) return status;
    parser->held_size = 0;
  }
  for (back = 1; back <= 3 && back <= n; back++) { /* does an unfinished character stand at the end? */
    if (((unsigned char)bytes[n - back] & 0xC0) == 0x80) continue;
    if (character_size(bytes[n - back]) > back) {
      memcpy(parser->held, bytes + n - back, back);
      parser->held_size = (uint32_t)back;
      n -= back;
    }
    break;
  }
  return emit_text(out, bytes, n);
}

static freellm_status parser_finish(void* memory, freellm_events_out* out) {
  const struct parser* parser = memory;
  const freellm_ev_finish event = {.h = {sizeof event, FREELLM_EV_FINISH, 0}, .reason = TEXT("stop")};
  if (!parser->any || parser->held_size != 0) return FREELLM_E_TRUNCATED;
  return out->emit(out, &event.h);
}

static void parser_close(void* memory) { (void)memory; }

/* What an answer that is not 2xx means. The host decides what to do about it. */
static freellm_status classify_error(const freellm_provider* self, const freellm_head* head, freellm_str body,
                                     int64_t now_unix_ms, freellm_outcome* outcome) {
  const size_t size = body.size < sizeof outcome->message ? body.size : sizeof outcome->message - 1;
  (void)self;
  (void)now_unix_ms;
  if (size != 0) memcpy(outcome->message, body.data, size); /* zeroed by the host: the NUL is there */
  if (head->http_status == 401) outcome->error_class = FREELLM_C_AUTH_INVALID;
  if (head->http_status == 429) outcome->error_class = FREELLM_C_RATE_LIMITED;
  if (head->http_status >= 500) outcome->error_class = FREELLM_C_SERVER_ERROR;
  return FREELLM_OK;
}

/* What is not named stays NULL, which means: there is none. */
static const freellm_provider echo = {.size = sizeof(freellm_provider),
                                      .id = TEXT("echo"),
                                      .manifest = TEXT(manifest),
                                      .check_key_shape = check_key_shape,
                                      .build_request = build_request,
                                      .parser_size = sizeof(struct parser),
                                      .parser_align = _Alignof(struct parser),
                                      .parser_open = parser_open,
                                      .parser_feed = parser_feed,
                                      .parser_finish = parser_finish,
                                      .parser_close = parser_close,
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
