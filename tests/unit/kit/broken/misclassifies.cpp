#include "good.hpp"

static freellm_status classify(const freellm_provider* self, const freellm_head* head, freellm_str body,
                               int64_t now, freellm_outcome* outcome) {
  const freellm_status status = good::Functions::classify_error(self, head, body, now, outcome);
  if (head->http_status == 429) outcome->error_class = FREELLM_C_AUTH_INVALID;
  return status;
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.classify_error = &classify;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
