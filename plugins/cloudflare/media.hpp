// Images and speech by /run, where the model stands in the path and the answer in an envelope.
#pragma once

#include <freellmapi/endpoints.hpp>
#include <string_view>

namespace freellmapi::cloudflare {

/// Write method, path and body. Throw Failure{FREELLM_E_INVALID} for what a model cannot be asked.
void ask_for_image(const sdk::Call& call, sdk::RequestOut& out);
void ask_for_speech(const sdk::Call& call, sdk::RequestOut& out);

/// Write the answer in OpenAI's shape. False: `body` holds no image, or no sound.
bool read_image(const sdk::Headers& head, std::string_view body, sdk::AnswerOut& out);
bool read_speech(const sdk::Headers& head, std::string_view body, sdk::AnswerOut& out);

}  // namespace freellmapi::cloudflare
