/* The interface as version 1.0 was released, on LP64. Compiled, never run. Lines are added when something is
 * appended; a line that stands here is never edited. */
#include <freellmapi/abi.h>
#include <freellmapi/ext/cost.h>
#include <freellmapi/ext/heads.h>
#include <freellmapi/ext/local.h>
#include <freellmapi/ext/salvage.h>
#include <freellmapi/ext/whole.h>

#define FIELD(type, field, offset, bytes)                                           \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved"); \
  _Static_assert(sizeof(((type*)0)->field) == (bytes), #type "." #field " has another size")
#define FROZEN(type, bytes) \
  _Static_assert(sizeof(type) == (bytes), #type " stands in arrays and may not grow")
#define VALUE(name, number) _Static_assert((name) == (number), #name " has another value")

FIELD(freellm_str, data, 0, 8);
FIELD(freellm_str, size, 8, 8);
FROZEN(freellm_str, 16);

FIELD(freellm_header, name, 0, 16);
FIELD(freellm_header, value, 16, 16);
FROZEN(freellm_header, 32);

FIELD(freellm_member, name, 0, 16);
FIELD(freellm_member, value, 16, 16);
FROZEN(freellm_member, 32);

FIELD(freellm_host, size, 0, 4);
FIELD(freellm_host, abi_major, 4, 2);
FIELD(freellm_host, abi_minor, 6, 2);
FIELD(freellm_host, ctx, 8, 8);
FIELD(freellm_host, log, 16, 8);
FIELD(freellm_host, get_extension, 24, 8);

FIELD(freellm_call, size, 0, 4);
FIELD(freellm_call, flags, 4, 4);
FIELD(freellm_call, model, 8, 16);
FIELD(freellm_call, body, 24, 16);
FIELD(freellm_call, members, 40, 8);
FIELD(freellm_call, member_count, 48, 8);
FIELD(freellm_call, max_output_tokens, 56, 8);
FIELD(freellm_call, seed, 64, 8);
FIELD(freellm_call, model_flags, 72, 4);
FIELD(freellm_call, reserved, 76, 4);
FIELD(freellm_call, context_tokens, 80, 8);

FIELD(freellm_request_out, size, 0, 4);
FIELD(freellm_request_out, reserved, 4, 4);
FIELD(freellm_request_out, ctx, 8, 8);
FIELD(freellm_request_out, target, 16, 8);
FIELD(freellm_request_out, header, 24, 8);
FIELD(freellm_request_out, credential, 32, 8);
FIELD(freellm_request_out, body, 40, 8);
FIELD(freellm_request_out, output_bound, 48, 8);

FIELD(freellm_head, size, 0, 4);
FIELD(freellm_head, http_status, 4, 4);
FIELD(freellm_head, headers, 8, 8);
FIELD(freellm_head, header_count, 16, 8);

FIELD(freellm_outcome, size, 0, 4);
FIELD(freellm_outcome, error_class, 4, 4);
FIELD(freellm_outcome, scope, 8, 4);
FIELD(freellm_outcome, window, 12, 4);
FIELD(freellm_outcome, unit, 16, 4);
FIELD(freellm_outcome, definite, 20, 4);
FIELD(freellm_outcome, retry_after_ms, 24, 8);
FIELD(freellm_outcome, reset_unix_ms, 32, 8);
FIELD(freellm_outcome, limit, 40, 8);
FIELD(freellm_outcome, used, 48, 8);
FIELD(freellm_outcome, requested, 56, 8);
FIELD(freellm_outcome, repair_field, 64, 64);
FIELD(freellm_outcome, repair_rename, 128, 64);
FIELD(freellm_outcome, code, 192, 64);
FIELD(freellm_outcome, message, 256, 512);

FIELD(freellm_event, size, 0, 4);
FIELD(freellm_event, type, 4, 2);
FIELD(freellm_event, flags, 6, 2);

FIELD(freellm_ev_text, h, 0, 8);
FIELD(freellm_ev_text, text, 8, 16);

FIELD(freellm_ev_tool, h, 0, 8);
FIELD(freellm_ev_tool, index, 8, 4);
FIELD(freellm_ev_tool, reserved, 12, 4);
FIELD(freellm_ev_tool, id, 16, 16);
FIELD(freellm_ev_tool, name, 32, 16);
FIELD(freellm_ev_tool, arguments, 48, 16);
FIELD(freellm_ev_tool, extra, 64, 16);

FIELD(freellm_ev_usage, h, 0, 8);
FIELD(freellm_ev_usage, input_tokens, 8, 8);
FIELD(freellm_ev_usage, output_tokens, 16, 8);
FIELD(freellm_ev_usage, cached_tokens, 24, 8);
FIELD(freellm_ev_usage, reasoning_tokens, 32, 8);

FIELD(freellm_ev_finish, h, 0, 8);
FIELD(freellm_ev_finish, reason, 8, 16);

FIELD(freellm_ev_error, h, 0, 8);
FIELD(freellm_ev_error, outcome, 8, 8);

FIELD(freellm_ev_extra, h, 0, 8);
FIELD(freellm_ev_extra, place, 8, 4);
FIELD(freellm_ev_extra, reserved, 12, 4);
FIELD(freellm_ev_extra, name, 16, 16);
FIELD(freellm_ev_extra, json, 32, 16);

FIELD(freellm_events_out, size, 0, 4);
FIELD(freellm_events_out, reserved, 4, 4);
FIELD(freellm_events_out, ctx, 8, 8);
FIELD(freellm_events_out, emit, 16, 8);

FIELD(freellm_window, unit, 0, 4);
FIELD(freellm_window, window, 4, 4);
FIELD(freellm_window, scope, 8, 4);
FIELD(freellm_window, reserved, 12, 4);
FIELD(freellm_window, limit, 16, 8);
FIELD(freellm_window, remaining, 24, 8);
FIELD(freellm_window, reset_in_ms, 32, 8);
FROZEN(freellm_window, 40);

FIELD(freellm_provider, size, 0, 4);
FIELD(freellm_provider, flags, 4, 4);
FIELD(freellm_provider, id, 8, 16);
FIELD(freellm_provider, manifest, 24, 16);
FIELD(freellm_provider, check_key_shape, 40, 8);
FIELD(freellm_provider, build_request, 48, 8);
FIELD(freellm_provider, build_probe, 56, 8);
FIELD(freellm_provider, parser_size, 64, 4);
FIELD(freellm_provider, parser_align, 68, 4);
FIELD(freellm_provider, parser_open, 72, 8);
FIELD(freellm_provider, parser_feed, 80, 8);
FIELD(freellm_provider, parser_finish, 88, 8);
FIELD(freellm_provider, parser_close, 96, 8);
FIELD(freellm_provider, classify_error, 104, 8);
FIELD(freellm_provider, read_limits, 112, 8);
FIELD(freellm_provider, get_extension, 120, 8);

FIELD(freellm_plugin, size, 0, 4);
FIELD(freellm_plugin, abi_major, 4, 2);
FIELD(freellm_plugin, abi_minor, 6, 2);
FIELD(freellm_plugin, min_host_minor, 8, 2);
FIELD(freellm_plugin, reserved, 10, 2);
FIELD(freellm_plugin, version, 16, 16);
FIELD(freellm_plugin, init, 32, 8);
FIELD(freellm_plugin, provider_count, 40, 8);
FIELD(freellm_plugin, provider, 48, 8);

VALUE(FREELLM_OK, 0);
VALUE(FREELLM_DONE, 1);
VALUE(FREELLM_E_INVALID, -1);
VALUE(FREELLM_E_UNSUPPORTED, -2);
VALUE(FREELLM_E_PROTOCOL, -3);
VALUE(FREELLM_E_TRUNCATED, -4);
VALUE(FREELLM_E_LIMIT, -5);
VALUE(FREELLM_E_STOPPED, -6);
VALUE(FREELLM_E_INTERNAL, -7);
VALUE(FREELLM_CALL_STREAM, 1);
VALUE(FREELLM_CALL_TOOLS, 2);
VALUE(FREELLM_CALL_TOOL_HISTORY, 4);
VALUE(FREELLM_CALL_IMAGES, 8);
VALUE(FREELLM_CALL_JSON_OBJECT, 16);
VALUE(FREELLM_CALL_JSON_SCHEMA, 32);
VALUE(FREELLM_CALL_REASONING_HISTORY, 64);
VALUE(FREELLM_CALL_PARTS, 128);
VALUE(FREELLM_CALL_DEVELOPER, 256);
VALUE(FREELLM_CALL_LATE_SYSTEM, 512);
VALUE(FREELLM_CALL_NAMES, 1024);
VALUE(FREELLM_CALL_EXTRAS, 2048);
VALUE(FREELLM_MODEL_TOOLS, 1);
VALUE(FREELLM_MODEL_VISION, 2);
VALUE(FREELLM_MODEL_JSON_OBJECT, 4);
VALUE(FREELLM_MODEL_JSON_SCHEMA, 8);
VALUE(FREELLM_MODEL_REASONING, 16);
VALUE(FREELLM_C_UNKNOWN, 0);
VALUE(FREELLM_C_RATE_LIMITED, 1);
VALUE(FREELLM_C_QUOTA_EXHAUSTED, 2);
VALUE(FREELLM_C_AUTH_INVALID, 3);
VALUE(FREELLM_C_AUTH_FORBIDDEN, 4);
VALUE(FREELLM_C_PAYMENT_REQUIRED, 5);
VALUE(FREELLM_C_MODEL_NOT_FOUND, 6);
VALUE(FREELLM_C_MODEL_GONE, 7);
VALUE(FREELLM_C_MODEL_UNAVAILABLE, 8);
VALUE(FREELLM_C_MODEL_FORBIDDEN, 9);
VALUE(FREELLM_C_CONTEXT_TOO_LONG, 10);
VALUE(FREELLM_C_BAD_REQUEST, 11);
VALUE(FREELLM_C_CONTENT_FILTERED, 12);
VALUE(FREELLM_C_OVERLOADED, 13);
VALUE(FREELLM_C_SERVER_ERROR, 14);
VALUE(FREELLM_C_TIMEOUT, 15);
VALUE(FREELLM_C_NETWORK, 16);
VALUE(FREELLM_C_MALFORMED, 17);
VALUE(FREELLM_C_EMPTY, 18);
VALUE(FREELLM_C_TRUNCATED, 19);
VALUE(FREELLM_C_PROVIDER_GONE, 20);
VALUE(FREELLM_C_PROVIDER_BLOCKED, 21);
VALUE(FREELLM_SCOPE_DEFAULT, 0);
VALUE(FREELLM_SCOPE_REQUEST, 1);
VALUE(FREELLM_SCOPE_KEY_MODEL, 2);
VALUE(FREELLM_SCOPE_KEY, 3);
VALUE(FREELLM_SCOPE_ACCOUNT, 4);
VALUE(FREELLM_SCOPE_MODEL, 5);
VALUE(FREELLM_SCOPE_PROVIDER, 6);
VALUE(FREELLM_SCOPE_IP, 7);
VALUE(FREELLM_WINDOW_UNKNOWN, 0);
VALUE(FREELLM_WINDOW_SECOND, 1);
VALUE(FREELLM_WINDOW_MINUTE, 2);
VALUE(FREELLM_WINDOW_HOUR, 3);
VALUE(FREELLM_WINDOW_DAY, 4);
VALUE(FREELLM_WINDOW_WEEK, 5);
VALUE(FREELLM_WINDOW_MONTH, 6);
VALUE(FREELLM_WINDOW_SESSION, 7);
VALUE(FREELLM_UNIT_UNKNOWN, 0);
VALUE(FREELLM_UNIT_REQUESTS, 1);
VALUE(FREELLM_UNIT_TOKENS, 2);
VALUE(FREELLM_UNIT_INPUT_TOKENS, 3);
VALUE(FREELLM_UNIT_OUTPUT_TOKENS, 4);
VALUE(FREELLM_UNIT_CONCURRENCY, 5);
VALUE(FREELLM_UNIT_MONEY, 6);
VALUE(FREELLM_EV_TEXT, 1);
VALUE(FREELLM_EV_REASONING, 2);
VALUE(FREELLM_EV_TOOL, 3);
VALUE(FREELLM_EV_USAGE, 4);
VALUE(FREELLM_EV_FINISH, 5);
VALUE(FREELLM_EV_ERROR, 6);
VALUE(FREELLM_EV_EXTRA, 7);
VALUE(FREELLM_EV_REFUSAL, 8);
VALUE(FREELLM_EXTRA_CHOICE, 0);
VALUE(FREELLM_EXTRA_ANSWER, 1);

/* Extensions: a published one never changes at all. */
FIELD(freellm_local, size, 0, 4);
FIELD(freellm_local, reserved, 4, 4);
FIELD(freellm_local, answer, 8, 8);
FIELD(freellm_salvage, size, 0, 4);
FIELD(freellm_salvage, reserved, 4, 4);
FIELD(freellm_salvage, salvage, 8, 8);
FIELD(freellm_head_field, name, 0, 16);
FIELD(freellm_head_field, value, 16, 16);
FIELD(freellm_head_field, part, 32, 4);
FIELD(freellm_head_field, reserved, 36, 4);
FROZEN(freellm_head_field, 40);
FIELD(freellm_fixed_head, method, 0, 16);
FIELD(freellm_fixed_head, path, 16, 16);
FIELD(freellm_fixed_head, fields, 32, 8);
FIELD(freellm_fixed_head, field_count, 40, 8);
FROZEN(freellm_fixed_head, 48);
FIELD(freellm_heads, size, 0, 4);
FIELD(freellm_heads, count, 4, 4);
FIELD(freellm_heads, heads, 8, 8);
FIELD(freellm_heads, build_request, 16, 8);
VALUE(FREELLM_NO_CREDENTIAL, 0xFFFFFFFFu);
FIELD(freellm_whole, size, 0, 4);
FIELD(freellm_whole, reserved, 4, 4);
FIELD(freellm_whole, read, 8, 8);
FIELD(freellm_price, per_request, 0, 8);
FIELD(freellm_price, per_million_input, 8, 8);
FIELD(freellm_price, per_million_output, 16, 8);
FIELD(freellm_cost, size, 0, 4);
FIELD(freellm_cost, reserved, 4, 4);
FIELD(freellm_cost, bound, 8, 8);
FIELD(freellm_cost, stated, 16, 8);
