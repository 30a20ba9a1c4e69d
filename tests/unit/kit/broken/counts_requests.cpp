#include <string>

#include "good.hpp"

static unsigned requests;

static freellm_status build(const freellm_provider* self, const freellm_call* call,
                            freellm_request_out* out) {
  const std::string number = std::to_string(++requests);
  const freellm_status status = out->header(out, good::text("X-Request-Number"), good::text(number));
  return status < 0 ? status : good::Functions::build_request(self, call, out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.build_request = &build;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
