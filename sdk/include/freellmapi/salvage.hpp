// freellmapi/salvage.hpp - the C++ face of extension "freellm.salvage/1" (ext/salvage.h). plugin.hpp offers
// it for every provider with the function that Salvages names.
#pragma once

#include <freellmapi/ext/salvage.h>

#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::sdk {

/// salvage() emits what an error answer quotes of the model, the finish last; false, having emitted nothing,
/// when it quotes nothing.
template <class P>
concept Salvages = requires(const P& provider, const Call& call, const Headers& head, EventsOut& out) {
  { provider.salvage(call, head, std::string_view{}, out) } -> std::same_as<bool>;
};

}  // namespace freellmapi::sdk
