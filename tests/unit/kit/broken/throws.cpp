#include <stdexcept>

#include "good.hpp"

static freellm_status classify(const freellm_provider* self, const freellm_head* head, freellm_str body,
                               int64_t now, freellm_outcome* outcome) {
  if (body.size == 0) throw std::runtime_error("an error without a body");
  return good::Functions::classify_error(self, head, body, now, outcome);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.classify_error = &classify;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
