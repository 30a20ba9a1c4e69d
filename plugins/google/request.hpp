// A chat call as a generateContent request.
#pragma once

#include <freellmapi/views.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freellmapi::google {

/// What the host calls `messages` after a repair (see errors.hpp): the same messages, whose thought
/// signatures were refused.
inline constexpr std::string_view unsigned_messages = "google_unsigned_messages";

/// Writes target, header fields and body. Throws Failure{FREELLM_E_INVALID} when this wire cannot say it.
void write_request(const sdk::Call& call, sdk::RequestOut& out);

/// The offered functions whose names Gemini does not take: first the name it was given, then the client's.
std::vector<std::pair<std::string, std::string>> renamed_functions(const sdk::Call& call);

}  // namespace freellmapi::google
