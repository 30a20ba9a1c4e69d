#include <sched.h>

#include <cstring>

#include "good.hpp"

static char buffer[64];

static freellm_status build(const freellm_provider* self, const freellm_call* call,
                            freellm_request_out* out) {
  const size_t n = call->body.size % sizeof buffer;
  std::memset(buffer, 'a' + static_cast<int>(call->body.size % 26), n);
  sched_yield();
  const freellm_status status = out->header(out, good::text("X-Buffer"), {buffer, n});
  return status < 0 ? status : good::Functions::build_request(self, call, out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.build_request = &build;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
