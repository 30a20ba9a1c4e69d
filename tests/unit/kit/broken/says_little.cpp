#include "good.hpp"

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.manifest = good::text(R"(id: good
keys: {required: true}
tiemouts: {connect: 5s}
enabled: false
models:
  good-large: {kind: chatty}
)");
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
