/* freellmapi/ext/endpoints.h - extension "freellm.endpoints/1": what a provider serves beside chat:
 * embeddings, images, speech.
 *
 * Everything abi.h says of calls, memory and threads holds. These answers are short and come whole, so there
 * is no parser: the host gathers a 2xx body (at most 32 MiB) and hands it over once. Answers that are not 2xx
 * go to freellm_provider.classify_error, whatever the endpoint. Which models belong to an endpoint stands in
 * the manifest (`kind: embedding | image | speech`).
 */
#ifndef FREELLMAPI_EXT_ENDPOINTS_H
#define FREELLMAPI_EXT_ENDPOINTS_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_ENDPOINTS "freellm.endpoints/1"

/* The call's body is a checked JSON object in the shape of OpenAI's request of the same name; `model` in it
 * is to be replaced by freellm_call.model. FREELLM_CALL_... and max_output_tokens say nothing here. */
enum {
  FREELLM_ENDPOINT_EMBEDDINGS = 1, /* {input: text or a list of texts, dimensions, encoding_format} */
  FREELLM_ENDPOINT_IMAGES = 2,     /* {prompt, n, size, quality, response_format} */
  FREELLM_ENDPOINT_SPEECH = 3      /* {input, voice, response_format, speed, instructions} */
};
#define FREELLM_ENDPOINT_BIT(endpoint) (1u << (endpoint))

/* Where the answer in OpenAI's shape goes. Host-owned. Each call returns FREELLM_OK or a status to return at
 * once. */
typedef struct freellm_answer_out {
  uint32_t size, reserved;
  void* ctx;
  /* Once, before the body: application/json for embeddings and images, an audio type for speech. */
  freellm_status (*content_type)(struct freellm_answer_out*, freellm_str type);
  /* Appends; copied; at most 64 MiB in all. Embeddings:
   * {"object":"list","data":[{"object":"embedding","index", "embedding"}]}; images:
   * {"created","data":[{"b64_json"} or {"url"}]}; speech: the bytes of the sound. */
  freellm_status (*body)(struct freellm_answer_out*, const void* data, size_t n);
  /* Input tokens as the provider billed them. Not called: not said. */
  freellm_status (*input_tokens)(struct freellm_answer_out*, uint64_t tokens);
} freellm_answer_out;

typedef struct freellm_endpoints {
  uint32_t size, reserved;
  uint32_t served; /* FREELLM_ENDPOINT_BIT of each; bits the host does not know are ignored */
  uint32_t reserved_2;
  /* As freellm_provider.build_request. An endpoint that is not served: FREELLM_E_UNSUPPORTED. [any] */
  freellm_status (*build_request)(const freellm_provider*, uint32_t endpoint, const freellm_call* call,
                                  freellm_request_out* out);
  /* Reads a whole 2xx answer. FREELLM_E_PROTOCOL: it makes no sense; when it holds an error instead, *failure
   * says which (else it is left as it was). [any] */
  freellm_status (*read_answer)(const freellm_provider*, uint32_t endpoint, const freellm_call* call,
                                const freellm_head* head, freellm_str body, freellm_answer_out* out,
                                freellm_outcome* failure);
} freellm_endpoints;

#ifdef __cplusplus
}
#endif
#endif
