// An example value for a JSON schema.
#pragma once

#include <boost/json.hpp>
#include <string_view>

namespace freellmapi::sandbox {

/// A value that fits `schema` as far as its common keywords tell: type, enum, const, default, properties,
/// required, items, minItems, minimum, minLength, anyOf, oneOf, allOf and $ref into the same schema. The same
/// schema gives the same value. At most 12 levels deep and 4096 values.
boost::json::value instance_of(const boost::json::value& schema);

}  // namespace freellmapi::sandbox
