// What the members of a chat completion say, in the words of each of those who write them.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// The provider's word for the end in OpenAI's; "" for no end, "error" for a failure. An unknown word is a
/// stop, "null" is null.
std::string_view reason_of(std::string_view word) noexcept;

/// A count of tokens a provider can mean: a whole number from 0 to 10^12. Everything else is not said.
std::uint64_t count_at(const boost::json::object& object, std::string_view name) noexcept;

/// A usage object's figures, each under any of its names.
Usage read_usage(const boost::json::object& usage) noexcept;

/// Arguments as the text of a JSON object, whether they came as text or as the object itself.
std::string arguments_of(const boost::json::object& function);

/// Only the first answer is asked for; others are passed over. Null: there is none.
boost::json::object* first_choice(boost::json::object& frame);

}  // namespace freellmapi::sdk
