// The order and the closed shapes that Mistral demands of messages.
#pragma once

#include <boost/json/fwd.hpp>
#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::mistral {

/// True when some rule may have work to do in these messages (JSON text). Cheap: nothing is parsed.
bool may_need_order(const sdk::Call& call, std::string_view messages) noexcept;

/// Applies the rules; what cannot be said on this wire throws Failure{FREELLM_E_INVALID}.
void put_in_order(const sdk::Call& call, boost::json::array& messages);

}  // namespace freellmapi::mistral
