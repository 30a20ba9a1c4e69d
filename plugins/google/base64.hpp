// Base64, for media in requests and in answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freellmapi::google {

std::string to_base64(std::string_view bytes);
/// Of the ordinary alphabet, with or without padding; nothing for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace freellmapi::google
