/* freellmapi/ext/heads.h - extension "freellm.heads/1": requests whose heads are known before any call.
 *
 * Method, path and most header fields of a provider's requests never change. The host judges the heads that
 * stand here once, when the plugin is loaded; a request then names one of them. Everything abi.h says of
 * calls, memory and threads holds.
 */
#ifndef FREELLMAPI_EXT_HEADS_H
#define FREELLMAPI_EXT_HEADS_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_HEADS "freellm.heads/1"

#define FREELLM_NO_CREDENTIAL UINT32_MAX

/* `part` is FREELLM_NO_CREDENTIAL for a header; else the part of the secret that stands behind `value`, as in
 * freellm_request_out.credential. frozen. */
typedef struct freellm_head_field {
  freellm_str name, value;
  uint32_t part, reserved;
} freellm_head_field;

/* By the rules of freellm_request_out. frozen. */
typedef struct freellm_fixed_head {
  freellm_str method, path;
  const freellm_head_field* fields;
  size_t field_count;
} freellm_fixed_head;

typedef struct freellm_heads {
  uint32_t size, count;            /* 1 to 16. A host that refuses one of them uses none */
  const freellm_fixed_head* heads; /* static storage */
  /* As freellm_provider.build_request, which stays for hosts without this. Gives the index of the request's
   * head and writes what stands behind it: further headers, the body and its bound, no target. [any] */
  freellm_status (*build_request)(const freellm_provider*, const freellm_call* call, freellm_request_out* out,
                                  uint32_t* head);
} freellm_heads;

#ifdef __cplusplus
}
#endif
#endif
