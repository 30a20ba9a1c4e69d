/* freellmapi/ext/cost.h - extension "freellm.cost/1": what calls cost in the provider's own unit (neurons,
 * credits, pollen).
 *
 * Without it the host counts a call by the model's price (`cost` in the manifest or the policy) and its
 * tokens. Who has it knows better: prices that are not linear, models without a listed price, answers that
 * state what they cost. All figures are thousandths of the unit. Everything abi.h says of calls, memory and
 * threads holds.
 */
#ifndef FREELLMAPI_EXT_COST_H
#define FREELLMAPI_EXT_COST_H

#include <freellmapi/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FREELLM_EXT_COST "freellm.cost/1"

/* A model's price, in thousandths of the unit. UINT64_MAX in all three: nobody has said it. frozen. */
typedef struct freellm_price {
  uint64_t per_request;
  uint64_t per_million_input, per_million_output; /* tokens */
} freellm_price;

typedef struct freellm_cost {
  uint32_t size, reserved;
  /* The most that a call of so many tokens can cost; asked before it is sent, and after for an answer that
   * did not say. FREELLM_E_UNSUPPORTED: cannot be told. [any] */
  freellm_status (*bound)(const freellm_provider*, freellm_str model, const freellm_price* price,
                          uint64_t input_tokens, uint64_t output_tokens, uint64_t* thousandths);
  /* What an answer says that it cost. FREELLM_E_UNSUPPORTED: it does not. [any] */
  freellm_status (*stated)(const freellm_provider*, const freellm_head* head, uint64_t* thousandths);
} freellm_cost;

#ifdef __cplusplus
}
#endif
#endif
