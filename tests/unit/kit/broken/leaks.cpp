#include <cstdlib>
#include <cstring>

#include "good.hpp"

static void* volatile lost;

static void close(void* parser) {
  lost = std::malloc(16'384);
  if (lost != nullptr) std::memset(lost, 1, 16'384);
  good::Functions::parser_close(parser);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_close = &close;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
