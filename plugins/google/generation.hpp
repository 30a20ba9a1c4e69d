// Sampling, limits, formats and thinking as Gemini's generationConfig.
#pragma once

#include <freellmapi/views.hpp>

#include "model.hpp"
#include "writer.hpp"

namespace freellmapi::google {

/// Writes the member `generationConfig` when there is something in it. `tools`: functions are offered, beside
/// which Gemini refuses a response format.
void write_generation_config(const sdk::Call& call, const ModelTraits& traits, bool tools, Commas& members);

}  // namespace freellmapi::google
