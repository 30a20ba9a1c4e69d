// Rewrites the messages of a call where a provider's rules ask for it.
#pragma once

#include <freellmapi/openai.hpp>
#include <string>

namespace freellmapi::sdk {

/// True when some rule has work to do in this call's messages.
bool must_rewrite(const MessageRules& rules, const Call& call) noexcept;

/// The messages' JSON text after the rules and the provider's edit_messages. Throws
/// Failure{FREELLM_E_INVALID} when they are no array of objects.
std::string rewrite_messages(const OpenAiProvider& provider, const Call& call, std::string_view messages);

}  // namespace freellmapi::sdk
