#include <string>

#include "good.hpp"

static const freellm_host* the_host;

static freellm_status init(const freellm_host* host) {
  the_host = host;
  return FREELLM_OK;
}
static freellm_status check_key_shape(const freellm_provider* self, freellm_str first_8, size_t length) {
  const std::string line = "a key that begins with " + std::string(first_8.data, first_8.size);
  the_host->log(the_host, 0, good::text(line));
  return good::Functions::check_key_shape(self, first_8, length);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.check_key_shape = &check_key_shape;
  return t;
}();
static uint32_t one() { return 1; }
static const freellm_provider* provider_at(uint32_t index) { return index == 0 ? &table : nullptr; }
const freellm_plugin freellm_plugin_v1 = {sizeof(freellm_plugin),
                                          FREELLM_ABI_MAJOR,
                                          FREELLM_ABI_MINOR,
                                          0,
                                          0,
                                          {"1.0.0", 5},
                                          &init,
                                          &one,
                                          &provider_at};
