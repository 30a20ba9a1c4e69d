/* freellmapi/ext/salvage.h - extension "freellm.salvage/1": an error answer that holds an answer after all.
 *
 * Some providers check what the model wrote before they hand it on and, when they cannot read its tool call,
 * answer with an error that quotes it. The host asks for it before it classifies such an answer. Everything
 * abi.h says of calls, events, memory and threads holds.
 */
#ifndef FREELLMAPI_EXT_SALVAGE_H
#define FREELLMAPI_EXT_SALVAGE_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_SALVAGE "freellm.salvage/1"

typedef struct freellm_salvage {
  uint32_t size, reserved;
  /* Emits what the model said, FREELLM_EV_FINISH last: tool calls as such, or the text in which the host then
   * looks for them. Only a whole call of an offered tool makes it an answer; else nothing of it goes out and
   * the error is classified. FREELLM_E_UNSUPPORTED: the error is nothing but one. `body` may be cut at 64
   * KiB. [any] */
  freellm_status (*salvage)(const freellm_provider*, const freellm_call* call, const freellm_head* head,
                            freellm_str body, freellm_events_out* out);
} freellm_salvage;

#ifdef __cplusplus
}
#endif
#endif
