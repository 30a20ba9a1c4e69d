// Embeddings by the hub's own server: the model stands in the path, the answer is a bare list of vectors.
#pragma once

#include <freellmapi/endpoints.hpp>
#include <string_view>

namespace freellmapi::huggingface {

/// Writes method, path and body. Throws Failure{FREELLM_E_INVALID} for what that server cannot be asked.
void ask_for_features(const sdk::Call& call, sdk::RequestOut& out);

/// Writes the list in OpenAI's shape. False when `body` is no list of vectors, one for each text asked for.
bool read_features(const sdk::Call& call, std::string_view body, sdk::AnswerOut& out);

}  // namespace freellmapi::huggingface
