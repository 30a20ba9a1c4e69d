// JSON Schema, as clients write it, turned into the subset that Gemini's Schema message knows. What Gemini
// would refuse with 400 is rewritten where it has an equivalent and left out where it has none, so the result
// is never stricter.
#pragma once

#include <boost/json.hpp>

namespace freellmapi::google {

/// Converts one schema; `root` is what its "#/..." references point into. The result lives in `storage`.
/// Throws Failure{FREELLM_E_INVALID} for a schema over 4096 nodes (references counted where they are used) or
/// 64 levels.
///
///   $ref             inlined, siblings win; inside its own expansion only type and description are kept
///   allOf            merged; oneOf becomes anyOf; a union with null becomes nullable; a union of one is that
///   one const            an enum of one enum             strings; of numbers alone it becomes minimum and
///   maximum, so that the type stays a number type list        the first that is not null format the few that
///   Gemini knows for the type empty object     gets one optional property, because Gemini refuses an object
///   without any array            gets items when it has none everything else  left out unless the Schema
///   message has it
boost::json::object gemini_schema(const boost::json::value& schema, const boost::json::value& root,
                                  boost::json::storage_ptr storage);

/// True when the schema's properties are empty after conversion: Gemini wants no `parameters` at all then.
bool takes_nothing(const boost::json::object& converted);

}  // namespace freellmapi::google
