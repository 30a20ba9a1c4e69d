#include <string_view>

#include "good.hpp"

// Takes it that the network cuts at the ends of lines.
static freellm_status feed(void* parser, const void* data, size_t n, freellm_events_out* out) {
  const std::string_view bytes(static_cast<const char*>(data), n);
  const size_t lines = bytes.rfind('\n') + 1;
  return lines == 0 ? FREELLM_OK : good::Functions::parser_feed(parser, data, lines, out);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_feed = &feed;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
