// OpenRouter: the gateway whose shapes gateway.hpp knows; its free models share one pool of the account.
#include <freellmapi/gateway.hpp>

#include "manifest.hpp"

namespace sdk = freellmapi::sdk;

namespace {

constexpr sdk::OpenAiDialect dialect = {
    // The list of models is public; this tells the key's own limits and costs nothing.
    .probe_path = "/key",
    .key_prefix = "sk-or-v1-",
    .key_min_length = 40,
    .members = sdk::gateway_members,
    .messages = {.reasoning_details = true},
    .errors = sdk::gateway_rows,
    .embeddings_path = "/embeddings"};

class OpenRouter final : public sdk::GatewayProvider {
 public:
  static constexpr std::string_view id = "openrouter";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr OpenRouter() : GatewayProvider(dialect) {}

  // The name under which requests stand in the user's own activity list.
  void add_headers(const sdk::Call&, sdk::RequestOut& out) const override {
    out.header("x-title", "FreeLLMAPI");
  }
};

}  // namespace

FREELLM_PLUGIN("1.0.0", OpenRouter);
