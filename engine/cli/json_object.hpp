// What the verbs print with --json.
#pragma once

#include "base/json_object.hpp"

namespace freellmapi::cli {

using base::append_item;
using base::JsonObject;

}  // namespace freellmapi::cli
