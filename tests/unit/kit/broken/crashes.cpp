#include "good.hpp"

static freellm_status classify(const freellm_provider* self, const freellm_head* head, freellm_str body,
                               int64_t now, freellm_outcome* outcome) {
  // Without a content-type there is no header to look at.
  const volatile freellm_header* const first = head->header_count > 0 ? head->headers : nullptr;
  if (first->name.size == 0) return FREELLM_E_INTERNAL;
  return good::Functions::classify_error(self, head, body, now, outcome);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.classify_error = &classify;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
