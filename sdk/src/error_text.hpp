// Tells an error object from an answer.
#pragma once

#include <boost/json/fwd.hpp>

namespace freellmapi::sdk {

/// True for an `error` that says something, and, where there are no choices, for the flat shapes.
bool is_error(const boost::json::object& object);

}  // namespace freellmapi::sdk
