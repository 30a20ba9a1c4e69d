#include "good.hpp"

static freellm_status limits(const freellm_provider*, const freellm_head*, int64_t, freellm_window* windows,
                             size_t capacity, size_t* count) {
  for (size_t i = 0; i < 3 && i < capacity; ++i)
    windows[i] = {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 0, 100, 50, -1};
  *count = 3;
  return FREELLM_OK;
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.read_limits = &limits;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
