#include <freellmapi/openai.hpp>

#include "manifest.hpp"  // made from manifest.yaml

namespace sdk = freellmapi::sdk;

// It answers 400 to logprobs and to a temperature over 1.5, and has the newer name of max_tokens.
constexpr sdk::MemberRule members[] = {sdk::drop("logprobs"), sdk::clamp("temperature", 0, 1.5)};
// Its 429 for the day differs from that of the minute by the text alone.
constexpr sdk::ErrorRow errors[] = {{.status = {429},
                                     .text = "daily",
                                     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
                                     .window = FREELLM_WINDOW_DAY}};
constexpr sdk::OpenAiDialect dialect = {
    .key_min_length = 12, .members = members, .max_tokens_name = "max_completion_tokens", .errors = errors};

struct Tutorial final : sdk::OpenAiProvider {
  static constexpr std::string_view id = "tutorial";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Tutorial() : OpenAiProvider(dialect) {}
};

FREELLM_PLUGIN("1.0.0", Tutorial);
