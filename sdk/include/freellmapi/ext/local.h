/* freellmapi/ext/local.h - extension "freellm.local/1": a provider that answers by itself, without key and
 * network.
 *
 * The host calls answer() in place of build_request() and the parser. Everything abi.h says of calls, events,
 * memory and threads holds. The plugin still does no I/O and does not wait.
 */
#ifndef FREELLMAPI_EXT_LOCAL_H
#define FREELLMAPI_EXT_LOCAL_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_LOCAL "freellm.local/1"

typedef struct freellm_local {
  uint32_t size, reserved;
  /* Emits the whole answer, FREELLM_EV_FINISH last. [any] */
  freellm_status (*answer)(const freellm_provider*, const freellm_call* call, freellm_events_out* out);
} freellm_local;

#ifdef __cplusplus
}
#endif
#endif
