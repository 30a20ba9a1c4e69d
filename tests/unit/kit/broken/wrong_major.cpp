#include "good.hpp"

static constexpr freellm_provider table = good::table();
PLUGIN_OF(table, 2);
