// Images, sounds and files in messages. Nothing is ever fetched.
#pragma once

#include <string_view>

#include "raw_json.hpp"
#include "writer.hpp"

namespace freellmapi::google {

/// Writes a part (image_url, video_url, input_audio, file) as inlineData, or as fileData where the provider
/// fetches the address itself. False: `type` is none of these. Throws Failure{FREELLM_E_INVALID} for what
/// only a fetch could give.
bool write_media(std::string_view type, const Raw& part, Writer& writer);

}  // namespace freellmapi::google
