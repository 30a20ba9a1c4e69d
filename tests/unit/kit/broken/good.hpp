// A provider with nothing wrong. Every plugin of this folder is this one with one thing changed.
#pragma once

#include <freellmapi/openai.hpp>
#include <string_view>

namespace good {

namespace sdk = freellmapi::sdk;

inline constexpr sdk::OpenAiDialect dialect = {.key_prefix = "good-"};

struct Provider : sdk::OpenAiProvider {
  static constexpr std::string_view id = "good";
  static constexpr std::string_view manifest = R"(manifest: 1
id: good
name: Good
version: 1.0.0
base_url: https://good.example.com/v1
wire: openai
keys: {env: [GOOD_API_KEY], prefix: good-, min_length: 12, required: true}
timeouts: {connect: 5s, first_byte: 15s, idle: 30s, total: 60s}
counters: {scope: key, tokens: tokens, minute: rolling, day: "00:00 UTC"}
billing: {failed: none, cancelled: all, cut: all}
source: https://good.example.com/limits
as_of: 2026-06-23
quota:
  - {limit: 2, of: concurrency, scope: key}
models:
  good-large: {name: Good, family: good, kind: chat, context: 131072, max_output: 8192, tools: true, vision: true, json: schema, reasoning: true, rank: 1, speed: 1, tier: large, quota: {rpm: 10}}
  good-small: {name: Good small, family: good-small, kind: chat, context: 32768, tools: true, rank: 2, speed: 1, tier: small, quota: {rpm: 30}}
)";
  constexpr Provider() : OpenAiProvider(dialect) {}
};

/// Its table, to be changed.
constexpr freellm_provider table() { return sdk::ProviderTable<Provider>::make(); }
using Functions = sdk::ProviderTable<Provider>;

constexpr freellm_str text(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace good

/// A plugin with one provider, `table`, and the descriptor's own faults in `major`.
#define PLUGIN_OF(table, major)                                                                          \
  static uint32_t one() { return 1; }                                                                    \
  static const freellm_provider* provider_at(uint32_t index) { return index == 0 ? &(table) : nullptr; } \
  const freellm_plugin freellm_plugin_v1 = {                                                             \
      sizeof(freellm_plugin), (major), FREELLM_ABI_MINOR, 0, 0, {"1.0.0", 5}, nullptr, &one, &provider_at}
