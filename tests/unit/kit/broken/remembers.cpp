#include "good.hpp"

// One answer at a time is enough for everybody.
static const void* current;

static freellm_status open(const freellm_provider* self, void* parser, const freellm_call* call,
                           const freellm_head* head) {
  current = parser;
  return good::Functions::parser_open(self, parser, call, head);
}
static freellm_status feed(void* parser, const void* data, size_t n, freellm_events_out* out) {
  return parser == current ? good::Functions::parser_feed(parser, data, n, out) : FREELLM_OK;
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_open = &open;
  t.parser_feed = &feed;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
