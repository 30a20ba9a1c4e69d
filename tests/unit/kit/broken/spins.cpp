#include <cstring>

#include "good.hpp"

// Looks for the end of a character that has none.
static freellm_status feed(void* parser, const void* data, size_t n, freellm_events_out* out) {
  const volatile bool odd = std::memchr(data, 0xFF, n) != nullptr;
  while (odd) continue;
  return good::Functions::parser_feed(parser, data, n, out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_feed = &feed;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
