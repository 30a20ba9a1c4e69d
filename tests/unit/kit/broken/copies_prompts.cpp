#include <string>

#include "good.hpp"

static freellm_status copying(freellm_request_out* out, const void* data, size_t n) {
  auto* const real = static_cast<freellm_request_out*>(out->ctx);
  const std::string copy(static_cast<const char*>(data), n);
  return real->body(real, copy.data(), copy.size());
}

static freellm_status build(const freellm_provider* self, const freellm_call* call,
                            freellm_request_out* out) {
  struct Between {
    freellm_request_out out;
  } between{*out};
  between.out.ctx = out;
  between.out.target = [](freellm_request_out* o, freellm_str a, freellm_str b) {
    auto* const real = static_cast<freellm_request_out*>(o->ctx);
    return real->target(real, a, b);
  };
  between.out.header = [](freellm_request_out* o, freellm_str a, freellm_str b) {
    auto* const real = static_cast<freellm_request_out*>(o->ctx);
    return real->header(real, a, b);
  };
  between.out.credential = [](freellm_request_out* o, freellm_str a, freellm_str b, uint32_t part) {
    auto* const real = static_cast<freellm_request_out*>(o->ctx);
    return real->credential(real, a, b, part);
  };
  between.out.output_bound = [](freellm_request_out* o, uint64_t n) {
    auto* const real = static_cast<freellm_request_out*>(o->ctx);
    return real->output_bound(real, n);
  };
  between.out.body = &copying;
  return good::Functions::build_request(self, call, &between.out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.build_request = &build;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
