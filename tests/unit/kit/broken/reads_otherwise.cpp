#include <freellmapi/ext/whole.h>

#include "good.hpp"

// In one call it takes any answer for a good one.
static const freellm_whole at_once = {
    sizeof(freellm_whole), 0,
    [](const freellm_provider*, const freellm_call*, const freellm_head*, freellm_str,
       freellm_events_out* out) -> freellm_status {
      const freellm_ev_finish event = {{sizeof event, FREELLM_EV_FINISH, 0}, good::text("stop")};
      return out->emit(out, &event.h);
    }};

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return good::sdk::view(id) == FREELLM_EXT_WHOLE ? &at_once : nullptr;
  };
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
