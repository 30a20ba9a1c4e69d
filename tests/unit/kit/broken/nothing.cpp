// Nothing is wrong with this one.
#include "good.hpp"

static constexpr freellm_provider table = good::table();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
