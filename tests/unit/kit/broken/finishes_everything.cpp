#include "good.hpp"

static freellm_status finish(void* parser, freellm_events_out* out) {
  const freellm_status status = good::Functions::parser_finish(parser, out);
  if (status != FREELLM_E_TRUNCATED) return status;
  const freellm_ev_finish event = {{sizeof event, FREELLM_EV_FINISH, 0}, good::text("stop")};
  return out->emit(out, &event.h);
}

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.parser_finish = &finish;
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
