// The gateway's own words in the place of an answer: out of credits, or a key that may not use the model.
#pragma once

#include <string>
#include <string_view>

namespace freellmapi::pollinations {

/// It begins like a notice, as far as it has come.
bool may_be_notice(std::string_view text) noexcept;
/// It begins with the first sentence of a notice and links to where it can be mended.
bool is_notice(std::string_view text) noexcept;
/// The notice as the error it stands for, in the gateway's own shape.
std::string notice_as_error(std::string_view text);

}  // namespace freellmapi::pollinations
