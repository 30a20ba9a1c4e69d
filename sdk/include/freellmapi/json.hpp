// freellmapi/json.hpp - Boost.JSON for plugins that rewrite messages or choices. Its code is inside the
// static library freellmapi_sdk; a plugin must not link Boost's shared one.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Parses JSON text (depth at most 256). Invalid UTF-8 and lone surrogates are repaired to U+FFFD and then
/// accepted. Nothing when the text is not one JSON value.
std::optional<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr storage = {});

/// The text with every byte that is not UTF-8 and every surrogate escape without its partner replaced by
/// U+FFFD.
std::string repair_json(std::string_view text);

/// The string under `name`, or "" when there is none.
std::string_view string_at(const boost::json::object& object, std::string_view name) noexcept;
/// The object under `name`, or nullptr.
const boost::json::object* object_at(const boost::json::object& object, std::string_view name) noexcept;

/// Appends `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// A tool-call id of nine letters and digits: `id` itself when it is one, else a stable hash of it.
std::string nine_alnum_id(std::string_view id);

}  // namespace freellmapi::sdk
