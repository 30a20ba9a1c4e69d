#include <chrono>
#include <thread>

#include "good.hpp"

static freellm_status build(const freellm_provider* self, const freellm_call* call,
                            freellm_request_out* out) {
  static const bool started = [] {
    std::thread([] { std::this_thread::sleep_for(std::chrono::minutes(1)); }).detach();
    return true;
  }();
  return started ? good::Functions::build_request(self, call, out) : FREELLM_E_INTERNAL;
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.build_request = &build;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
