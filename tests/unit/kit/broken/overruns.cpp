#include <cstring>

#include "good.hpp"

static freellm_status open(const freellm_provider* self, void* parser, const freellm_call* call,
                           const freellm_head* head) {
  std::memset(static_cast<char*>(parser) + good::table().parser_size, 0, 8);
  return good::Functions::parser_open(self, parser, call, head);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_open = &open;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
