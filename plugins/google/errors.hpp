// What Google's error bodies mean.
#pragma once

#include <cstdint>
#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::google {

/// Sorts the answer `body` of `head`'s status; inside a 200 the code in the body counts as the status.
///
/// A refused thought signature is repaired by renaming `messages` (see unsigned_messages): build_request then
/// sends the same conversation with the bypass in place of every signature.
void sort_error(const sdk::Headers& head, std::string_view body, std::int64_t now_unix_ms,
                sdk::OutcomeOut& out);

/// The same for an error inside an answer, whose head is gone.
void sort_error_in_success(std::string_view body, sdk::OutcomeOut& out);

}  // namespace freellmapi::google
