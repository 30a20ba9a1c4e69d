/* freellmapi/abi.h - the stable C interface between the engine (the host) and a provider plugin.
 *
 * A plugin does no I/O. It turns a call into an HTTP request, response bytes into events, and an error answer
 * into one classified outcome. Sockets, TLS, timers, retries, memory, quotas and keys belong to the host. A
 * plugin opens no socket, starts no thread, reads no clock, keeps no mutable global state and never sees a
 * key.
 *
 * COMPATIBILITY
 *  1. A different MAJOR is refused, with both numbers in the message. A higher MINOR only appends.
 *  2. Every struct that may grow begins with `size`, set by the side that made it. A field is read only
 *     under FREELLM_HAS(s, field). Fields are appended; never reordered, retyped or removed.
 *  3. Structs that stand in arrays (freellm_str, freellm_header, freellm_member, freellm_window) are frozen
 *     for the whole MAJOR.
 *  4. Enumerations are open. What a reader does with a value it does not know is written beside each.
 *  5. What is optional is an extension: get_extension("freellm.<name>/1") or NULL. A changed extension gets
 *     a new number; a published one never changes its meaning.
 *  6. A plugin states the lowest host MINOR it can live with, not the one it was built on. A host with a
 * lower MINOR refuses it; any other host loads it and never reads the fields it does not know.
 *
 * MEMORY   Pointers passed in are valid until the call returns. Nothing allocated on one side is freed on the
 *          other. Text is UTF-8 with a length; no NUL is promised. No C++ type and no exception crosses.
 * THREADS  [load]   the loading thread, never together with another call into the same plugin
 *          [any]    any thread, possibly several at once; must not block
 *          [parser] any thread, but calls on one parser never overlap
 */
#ifndef FREELLMAPI_ABI_H
#define FREELLMAPI_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_ABI_MAJOR 1u
#define FREELLM_ABI_MINOR 0u
#define FREELLM_EXPORT __attribute__((visibility("default")))

/* True when the maker of *s knew `field`. */
#define FREELLM_HAS(s, field) ((s)->size >= offsetof(__typeof__(*(s)), field) + sizeof((s)->field))

/* ---- values ---- */

typedef struct freellm_str { /* frozen */
  const char* data;
  size_t size;
} freellm_str;

typedef struct freellm_header { /* frozen; in what the host passes, `name` is lower case */
  freellm_str name;
  freellm_str value;
} freellm_header;

/* One member of the call's JSON object. `name` is unescaped and without quotes; `value` is the JSON text of
 * the value. Both usually lie inside freellm_call.body. */
typedef struct freellm_member { /* frozen */
  freellm_str name;
  freellm_str value;
} freellm_member;

/* Negative means failed. A negative value the reader does not know is FREELLM_E_INTERNAL, a positive one
 * FREELLM_OK. */
typedef int32_t freellm_status;
enum {
  FREELLM_DONE = 1, /* from parser_feed alone: the answer is whole, what follows on the wire says nothing */
  FREELLM_OK = 0,
  FREELLM_E_INVALID = -1, /* the call cannot be expressed on this wire; the host tries another candidate */
  FREELLM_E_UNSUPPORTED = -2, /* the plugin has no such thing (a probe, say) */
  FREELLM_E_PROTOCOL = -3,    /* the provider's bytes make no sense */
  FREELLM_E_TRUNCATED = -4,   /* the answer ended before its legal end */
  FREELLM_E_LIMIT = -5,       /* a bound was reached (an event line over 1 MiB, out of memory) */
  FREELLM_E_STOPPED = -6,     /* the host's callback asked to stop: return it at once */
  FREELLM_E_INTERNAL = -7
};

/* ---- what the host gives ---- */

typedef struct freellm_host {
  uint32_t size;
  uint16_t abi_major, abi_minor;
  void* ctx;
  /* level 0 debug, 1 info, 2 warning, 3 error. Bounded in length and rate; never pass request text. [any] */
  void (*log)(const struct freellm_host*, int32_t level, freellm_str message);
  /* NULL: the host does not have it. [any] */
  const void* (*get_extension)(const struct freellm_host*, freellm_str id);
} freellm_host;

/* What the host found in the call, so that a plugin need not look. Unknown bits: ignore. */
enum {
  FREELLM_CALL_STREAM = 1u << 0,            /* the host wants server-sent events */
  FREELLM_CALL_TOOLS = 1u << 1,             /* tools are offered */
  FREELLM_CALL_TOOL_HISTORY = 1u << 2,      /* messages hold tool calls or tool results */
  FREELLM_CALL_IMAGES = 1u << 3,            /* messages hold images */
  FREELLM_CALL_JSON_OBJECT = 1u << 4,       /* response_format json_object */
  FREELLM_CALL_JSON_SCHEMA = 1u << 5,       /* response_format json_schema */
  FREELLM_CALL_REASONING_HISTORY = 1u << 6, /* assistant messages carry reasoning_content */
  FREELLM_CALL_PARTS = 1u << 7,             /* some message's content is an array of parts */
  FREELLM_CALL_DEVELOPER = 1u << 8,         /* some message has the role developer */
  FREELLM_CALL_LATE_SYSTEM = 1u << 9,       /* a system or developer message stands after another role */
  FREELLM_CALL_NAMES = 1u << 10,            /* some message has a name */
  FREELLM_CALL_EXTRAS = 1u << 11            /* a message or tool call has members beyond OpenAI's schema */
};

/* What the chosen model can do, from the manifest and the policy. Unknown bits: ignore. */
enum {
  FREELLM_MODEL_TOOLS = 1u << 0,
  FREELLM_MODEL_VISION = 1u << 1,
  FREELLM_MODEL_JSON_OBJECT = 1u << 2,
  FREELLM_MODEL_JSON_SCHEMA = 1u << 3,
  FREELLM_MODEL_REASONING = 1u << 4
};

/* One chat call. The host has checked it: `body` is one valid JSON object (UTF-8, no duplicate names at the
 * top, depth at most 256) in OpenAI's chat-completions shape. In `messages`, the host has made: content a
 * string, null, or an array of parts with a type; every tool call with an id of its own, a type and
 * arguments as a JSON string; directly behind an assistant's calls one tool result for each, in any order,
 * and none elsewhere; no empty or null tool_calls. */
typedef struct freellm_call {
  uint32_t size;
  uint32_t flags;    /* FREELLM_CALL_... */
  freellm_str model; /* the provider's own name of the chosen model */
  freellm_str body;
  const freellm_member* members; /* the top-level members of body, in their order */
  size_t member_count;
  /* What the client asked for, cut to the model's limit, or what the model's quota has room for when the
   * client did not say. To be written into the request; 0: nothing bounds the answer. */
  uint64_t max_output_tokens;
  uint64_t seed;        /* for ids the plugin makes; the same seed gives the same ids */
  uint32_t model_flags; /* FREELLM_MODEL_... */
  uint32_t reserved;
  uint64_t context_tokens; /* the model's context window; 0: unknown */
} freellm_call;

/* Where the plugin writes its request. Host-owned. Each call returns FREELLM_OK or a status to return at
 * once. */
typedef struct freellm_request_out {
  uint32_t size, reserved;
  void* ctx;
  /* `path` begins with '/' and is appended to the provider's base URL; it may hold a query. The text {key},
   * {key:1} or {key:2} in it stands for the whole key, its part before the first ':' and its part after it.
   */
  freellm_status (*target)(struct freellm_request_out*, freellm_str method, freellm_str path);
  /* Host, User-Agent, Accept-Encoding and all that frames a message or belongs to one connection
   * (Content-Length, Transfer-Encoding, Connection, Expect, Upgrade, TE, Trailer, Keep-Alive, Proxy-...) are
   * the host's: FREELLM_E_INVALID. At most 64 headers. */
  freellm_status (*header)(struct freellm_request_out*, freellm_str name, freellm_str value);
  /* The host writes `name: prefix<secret>`; the secret is part 0 (the whole key), 1 or 2 (around the first
   * ':'). A keyless provider's call leaves the header out. */
  freellm_status (*credential)(struct freellm_request_out*, freellm_str name, freellm_str prefix,
                               uint32_t part);
  /* Appends to the body, at most 64 MiB in 65536 calls. A piece that lies inside freellm_call.body is sent
   * from there and not copied. */
  freellm_status (*body)(struct freellm_request_out*, const void* data, size_t n);
  /* The most output tokens this request can be billed for, as written into the body. Not called: unknown. */
  freellm_status (*output_bound)(struct freellm_request_out*, uint64_t tokens);
} freellm_request_out;

typedef struct freellm_head {
  uint32_t size;
  int32_t http_status;
  const freellm_header* headers;
  size_t header_count;
} freellm_head;

/* ---- outcomes: one classified end of an attempt ---- */

/* A value the reader does not know is FREELLM_C_UNKNOWN, which benches nothing and moves on. */
enum {
  FREELLM_C_UNKNOWN = 0,
  FREELLM_C_RATE_LIMITED = 1,    /* a short window is full */
  FREELLM_C_QUOTA_EXHAUSTED = 2, /* a day, week, month or session is used up */
  FREELLM_C_AUTH_INVALID = 3,    /* the key is wrong */
  FREELLM_C_AUTH_FORBIDDEN = 4,  /* the key is right and may not do this */
  FREELLM_C_PAYMENT_REQUIRED = 5,
  FREELLM_C_MODEL_NOT_FOUND = 6,
  FREELLM_C_MODEL_GONE = 7,        /* retired for good */
  FREELLM_C_MODEL_UNAVAILABLE = 8, /* not served now */
  FREELLM_C_MODEL_FORBIDDEN = 9,   /* not for this key or tier */
  FREELLM_C_CONTEXT_TOO_LONG = 10,
  FREELLM_C_BAD_REQUEST = 11,
  FREELLM_C_CONTENT_FILTERED = 12,
  FREELLM_C_OVERLOADED = 13,
  FREELLM_C_SERVER_ERROR = 14, /* 500, 502, 520 to 524 */
  FREELLM_C_TIMEOUT = 15,
  FREELLM_C_NETWORK = 16,
  FREELLM_C_MALFORMED = 17,       /* a 200 that makes no sense */
  FREELLM_C_EMPTY = 18,           /* a 200 without an answer */
  FREELLM_C_TRUNCATED = 19,       /* a stream without a legal end */
  FREELLM_C_PROVIDER_GONE = 20,   /* the service has ended */
  FREELLM_C_PROVIDER_BLOCKED = 21 /* our address, region or client is refused; no key can help */
};

/* What is affected. Unknown: FREELLM_SCOPE_DEFAULT, the class's own. */
enum {
  FREELLM_SCOPE_DEFAULT = 0,
  FREELLM_SCOPE_REQUEST = 1,
  FREELLM_SCOPE_KEY_MODEL = 2,
  FREELLM_SCOPE_KEY = 3,
  FREELLM_SCOPE_ACCOUNT =
      4, /* every key of the provider that shares the account; the host treats it as the key */
  FREELLM_SCOPE_MODEL = 5,
  FREELLM_SCOPE_PROVIDER = 6,
  FREELLM_SCOPE_IP = 7
};

/* Which window. Unknown: FREELLM_WINDOW_UNKNOWN. */
enum {
  FREELLM_WINDOW_UNKNOWN = 0,
  FREELLM_WINDOW_SECOND = 1,
  FREELLM_WINDOW_MINUTE = 2,
  FREELLM_WINDOW_HOUR = 3,
  FREELLM_WINDOW_DAY = 4,
  FREELLM_WINDOW_WEEK = 5,
  FREELLM_WINDOW_MONTH = 6,
  FREELLM_WINDOW_SESSION = 7
};

/* What is counted. Unknown: the window is ignored. */
enum {
  FREELLM_UNIT_UNKNOWN = 0,
  FREELLM_UNIT_REQUESTS = 1,
  FREELLM_UNIT_TOKENS = 2,
  FREELLM_UNIT_INPUT_TOKENS = 3,
  FREELLM_UNIT_OUTPUT_TOKENS = 4,
  FREELLM_UNIT_CONCURRENCY = 5,
  FREELLM_UNIT_MONEY = 6 /* the provider's own unit: credits, neurons, pollen */
};

/* Host-owned; zeroed by the host, with `size` set and retry_after_ms and reset_unix_ms at -1. Texts end with
 * NUL. */
typedef struct freellm_outcome {
  uint32_t size;
  uint32_t error_class;   /* FREELLM_C_... */
  uint32_t scope;         /* FREELLM_SCOPE_... */
  uint32_t window;        /* FREELLM_WINDOW_... */
  uint32_t unit;          /* FREELLM_UNIT_... */
  uint32_t definite;      /* 1: a machine code or a text that means only this; 0: a guess from the status */
  int64_t retry_after_ms; /* from the provider, parsed; -1: not said */
  int64_t reset_unix_ms;  /* when the window opens again; -1: not said */
  uint64_t limit, used, requested; /* parsed from the message; 0: not said */
  char repair_field[64];  /* the top-level member to drop or rename for one retry in place; "": none */
  char repair_rename[64]; /* its new name; "": drop it */
  char code[64];          /* the provider's own code, for logs */
  char message[512];      /* the provider's sentence; the host redacts it before anyone sees it */
} freellm_outcome;

/* ---- events ---- */

/* Every event begins with this. Unknown type: the host ignores the event. */
typedef struct freellm_event {
  uint32_t size;
  uint16_t type;
  uint16_t flags;
} freellm_event;

enum {
  FREELLM_EV_TEXT = 1,      /* freellm_ev_text: a piece of the answer */
  FREELLM_EV_REASONING = 2, /* freellm_ev_text: a piece of the model's thinking */
  FREELLM_EV_TOOL = 3,      /* freellm_ev_tool */
  FREELLM_EV_USAGE = 4,     /* freellm_ev_usage; a later one replaces an earlier one */
  FREELLM_EV_FINISH = 5,    /* freellm_ev_finish: the legal end of the answer */
  FREELLM_EV_ERROR = 6,     /* freellm_ev_error: an error inside a 200; nothing may follow */
  FREELLM_EV_EXTRA = 7,     /* freellm_ev_extra: something to pass through (logprobs, citations) */
  FREELLM_EV_REFUSAL = 8    /* freellm_ev_text: a piece of a refusal */
};

typedef struct freellm_ev_text {
  freellm_event h;
  freellm_str text;
} freellm_ev_text;

/* A piece of one tool call. The first piece of an `index` has the name; arguments are concatenated over the
 * pieces. `id` may be empty: the host makes one. `extra` is a JSON object to keep with the call ("": none).
 */
typedef struct freellm_ev_tool {
  freellm_event h;
  uint32_t index, reserved;
  freellm_str id, name, arguments, extra;
} freellm_ev_tool;

/* Tokens as the provider billed them. UINT64_MAX: not said. */
typedef struct freellm_ev_usage {
  freellm_event h;
  uint64_t input_tokens, output_tokens, cached_tokens, reasoning_tokens;
} freellm_ev_usage;

/* `reason` in OpenAI's words: stop, length, tool_calls, content_filter. Anything else is passed as "stop". */
typedef struct freellm_ev_finish {
  freellm_event h;
  freellm_str reason;
} freellm_ev_finish;

typedef struct freellm_ev_error {
  freellm_event h;
  const freellm_outcome* outcome;
} freellm_ev_error;

/* `name` becomes a member of the choice (FREELLM_EXTRA_CHOICE) or of the whole answer; `json` is its value.
 */
typedef struct freellm_ev_extra {
  freellm_event h;
  uint32_t place, reserved;
  freellm_str name, json;
} freellm_ev_extra;
enum { FREELLM_EXTRA_CHOICE = 0, FREELLM_EXTRA_ANSWER = 1 }; /* unknown: the event is ignored */

typedef struct freellm_events_out {
  uint32_t size, reserved;
  void* ctx;
  freellm_status (*emit)(struct freellm_events_out*,
                         const freellm_event*); /* copies; < 0: return it at once */
} freellm_events_out;

/* A provider's statement about one of its windows. frozen. */
typedef struct freellm_window {
  uint32_t unit;   /* FREELLM_UNIT_... */
  uint32_t window; /* FREELLM_WINDOW_... */
  uint32_t scope;  /* FREELLM_SCOPE_... */
  uint32_t reserved;
  uint64_t limit;      /* UINT64_MAX: not said */
  uint64_t remaining;  /* UINT64_MAX: not said */
  int64_t reset_in_ms; /* from now; -1: not said */
} freellm_window;

/* ---- the plugin ---- */

typedef struct freellm_provider {
  uint32_t size;
  uint32_t flags;
  freellm_str id; /* [a-z0-9-]{1,64}; never given to another provider */
  /* The manifest: YAML (JSON is YAML), at most 256 KiB. sdk/README.md lists its members.              */
  freellm_str manifest;

  /* Has this the shape of a key? The host shows at most the first eight characters and the length. NULL: any.
   * [any] */
  freellm_status (*check_key_shape)(const struct freellm_provider*, freellm_str first_8, size_t length);
  /* Writes the request for *call. [any] */
  freellm_status (*build_request)(const struct freellm_provider*, const freellm_call* call,
                                  freellm_request_out* out);
  /* Writes a request that tells a good key from a bad one and spends no quota. NULL: there is none. [any] */
  freellm_status (*build_probe)(const struct freellm_provider*, freellm_request_out* out);

  /* The parser of one 2xx answer lives in parser_size bytes, aligned to parser_align (at most 64), which the
   * host owns. Events do not depend on how the bytes are cut. The head's content-type tells JSON from a
   * stream. */
  uint32_t parser_size, parser_align;
  freellm_status (*parser_open)(const struct freellm_provider*, void* parser, const freellm_call* call,
                                const freellm_head* head); /* [parser] */
  freellm_status (*parser_feed)(void* parser, const void* data, size_t n,
                                freellm_events_out* out); /* [parser] */
  /* The body has ended. FREELLM_OK, or FREELLM_E_TRUNCATED when the answer has not. [parser] */
  freellm_status (*parser_finish)(void* parser, freellm_events_out* out);
  void (*parser_close)(void* parser); /* once, after every parser_open that returned FREELLM_OK [parser] */

  /* Sorts an answer that is not 2xx (or an HTML page with 200); the body may be cut at 64 KiB. [any] */
  freellm_status (*classify_error)(const struct freellm_provider*, const freellm_head* head, freellm_str body,
                                   int64_t now_unix_ms, freellm_outcome* outcome);
  /* Reads rate-limit headers: writes at most `capacity` windows, sets *count. NULL: the provider has none.
   * [any] */
  freellm_status (*read_limits)(const struct freellm_provider*, const freellm_head* head, int64_t now_unix_ms,
                                freellm_window* windows, size_t capacity, size_t* count);
  /* NULL, as a pointer or as an answer: there is none. [any] */
  const void* (*get_extension)(const struct freellm_provider*, freellm_str id);
} freellm_provider;

typedef struct freellm_plugin {
  uint32_t size;
  uint16_t abi_major, abi_minor;
  uint16_t min_host_minor, reserved;
  freellm_str version; /* of the plugin, for people: 1.2.3 */
  /* The host outlives the plugin. NULL: nothing to do. A negative status: the plugin is not used. [load] */
  freellm_status (*init)(const freellm_host* host);
  uint32_t (*provider_count)(void); /* 1 to 64, constant [any] */
  const freellm_provider* (*provider)(
      uint32_t index); /* pointers, so that structs may grow; static storage [any] */
} freellm_plugin;

/* The one symbol a plugin exports. Data, so that the host can judge the version before it calls anything. */
extern FREELLM_EXPORT const freellm_plugin freellm_plugin_v1;

#ifdef __cplusplus
}
#endif
#endif
