// OpenAI's messages as Gemini's systemInstruction and contents.
#pragma once

#include "model.hpp"
#include "raw_json.hpp"
#include "writer.hpp"

namespace freellmapi::google {

enum class Signatures : std::uint8_t {
  keep,     ///< send back those that the client kept, a bypass where one is required and missing
  replace,  ///< send the bypass for every function call: the kept ones were refused
};

/// Writes the members `systemInstruction` (when there is something for it) and `contents`. Long texts go out
/// where they lie in the call's body. Throws Failure{FREELLM_E_INVALID} for what this wire cannot say.
///
/// Roles alternate: neighbours of one role become one content. Each model turn with function calls is
/// followed at once by one user turn with the response to every call, in the calls' order, wherever in the
/// messages the results stood.
void write_conversation(const Raw& messages, const ModelTraits& traits, Signatures signatures,
                        Commas& members);

}  // namespace freellmapi::google
