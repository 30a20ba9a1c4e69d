// The order and the contents that GLM takes messages in.
#pragma once

#include <boost/json/fwd.hpp>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::zhipu {

/// False when messages of this text surely stand as they must.
bool may_need_order(const sdk::Call& call, std::string_view messages) noexcept;

/// One system message in front with `hint` at its end, nothing empty, the user's or a tool's word last.
/// Throws Failure{FREELLM_E_INVALID} for a tool result that answers no call.
void put_in_order(const sdk::Call& call, std::string_view hint, boost::json::array& messages);

}  // namespace freellmapi::zhipu
