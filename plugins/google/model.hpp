// What a model's id says about the wire it wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freellmapi::google {

enum class Thinking : std::uint8_t {
  none,    ///< takes no thinkingConfig
  budget,  ///< Gemini 2.5: thinkingBudget in tokens
  level,   ///< Gemini 3 and later: thinkingLevel
};

struct ModelTraits {
  bool gemma = false;  ///< refuses systemInstruction
  bool pro = false;    ///< thinking cannot be switched off
  bool signs = false;  ///< a function call in the history must carry a thought signature
  Thinking thinking = Thinking::none;
};

ModelTraits traits_of(std::string_view model);

/// The text of thinkingConfig for OpenAI's reasoning_effort, or nothing when nothing is to be sent.
std::optional<std::string> thinking_config(const ModelTraits& traits, std::string_view effort);

/// "/models/<id>:<method>" with everything in the id that is not plain percent-encoded.
std::string model_path(std::string_view model, std::string_view method);

/// A function's name as Gemini takes it: itself when it is fit, else cleaned and made distinct by a hash.
std::string wire_name(std::string_view name);

}  // namespace freellmapi::google
