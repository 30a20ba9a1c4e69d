// The router's JSON as a person reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freellmapi::cli {

std::string explanation_text(const std::string& json);
std::string quota_text(const std::string& json);
std::string forecast_text(const std::string& json);
std::string simulation_text(const std::string& json);

/// error.message of an answer in OpenAI's shape.
std::optional<std::string> message_of(const std::string& json);
/// One segment of a path.
std::string percent_encoded(std::string_view text);

}  // namespace freellmapi::cli
