/* freellmapi/ext/whole.h - extension "freellm.whole/1": an answer that has come altogether, read in one call.
 *
 * Most answers are short, and nothing of them need be kept between two calls. The host then asks here and
 * opens no parser; an answer that comes in pieces is the parser's. Everything abi.h says of calls, events,
 * memory and threads holds.
 */
#ifndef FREELLMAPI_EXT_WHOLE_H
#define FREELLMAPI_EXT_WHOLE_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_WHOLE "freellm.whole/1"

typedef struct freellm_whole {
  uint32_t size, reserved;
  /* Emits, and returns, what a parser would that was opened with `call` and `head`, fed `body` and finished.
   * [any] */
  freellm_status (*read)(const freellm_provider*, const freellm_call* call, const freellm_head* head,
                         freellm_str body, freellm_events_out* out);
} freellm_whole;

#ifdef __cplusplus
}
#endif
#endif
