#include "good.hpp"

namespace {

constexpr freellmapi::sdk::OpenAiDialect forwarding = {.key_prefix = "good-", .keep_unlisted = true};

struct Forwards : freellmapi::sdk::OpenAiProvider {
  static constexpr std::string_view id = good::Provider::id, manifest = good::Provider::manifest;
  constexpr Forwards() : OpenAiProvider(forwarding) {}
};

constexpr freellm_provider table = freellmapi::sdk::ProviderTable<Forwards>::make();

}  // namespace

PLUGIN_OF(table, FREELLM_ABI_MAJOR);
