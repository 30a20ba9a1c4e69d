#include <cstdlib>
#include <string>

#include "good.hpp"

static freellm_status build(const freellm_provider* self, const freellm_call* call,
                            freellm_request_out* out) {
  const char* const key = std::getenv("GOOD_API_KEY");
  const std::string bearer = std::string("Bearer ") + (key != nullptr ? key : "none");
  const freellm_status status = out->header(out, good::text("Authorization"), good::text(bearer));
  return status < 0 ? status : good::Functions::build_request(self, call, out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.build_request = &build;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
