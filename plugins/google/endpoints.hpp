// Embeddings and speech in Google's own shapes.
#pragma once

#include <freellmapi/endpoints.hpp>
#include <string_view>

namespace freellmapi::google {

/// Writes the whole request. Throws Failure{FREELLM_E_INVALID} for what Gemini cannot be asked.
void ask_for_embeddings(const sdk::Call& call, sdk::RequestOut& out);
void ask_for_speech(const sdk::Call& call, sdk::RequestOut& out);

/// Writes the answer in OpenAI's shape. False: the body is an error, or none of it is an answer, and
/// `failure` says so. Throws Failure{FREELLM_E_PROTOCOL} for a body that makes no sense.
bool read_embeddings(const sdk::Call& call, std::string_view body, sdk::AnswerOut& out,
                     sdk::OutcomeOut& failure);
/// The sound as a WAV file.
bool read_speech(std::string_view body, sdk::AnswerOut& out, sdk::OutcomeOut& failure);

}  // namespace freellmapi::google
