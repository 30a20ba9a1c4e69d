#include <freellmapi/ext/heads.h>

#include "good.hpp"

// Behind its one head, which is that of a whole answer, it asks for streams too.
static const freellm_head_field head_fields[] = {
    {good::text("authorization"), good::text("Bearer "), 0, 0},
    {good::text("content-type"), good::text("application/json"), FREELLM_NO_CREDENTIAL, 0},
    {good::text("accept"), good::text("application/json"), FREELLM_NO_CREDENTIAL, 0}};
static const freellm_fixed_head only_head = {good::text("POST"), good::text("/chat/completions"), head_fields,
                                             3};
static const freellm_heads known_heads = {sizeof(freellm_heads), 1, &only_head,
                                          [](const freellm_provider*, const freellm_call* call,
                                             freellm_request_out* out, uint32_t* index) -> freellm_status {
                                            *index = 0;
                                            return good::sdk::barrier([&] {
                                              good::sdk::RequestOut request(*out);
                                              good::sdk::provider_instance<good::Provider>.build_behind_head(
                                                  good::sdk::Call(*call), request);
                                            });
                                          }};

static const freellm_provider table = [] {
  freellm_provider t = good::table();
  t.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return good::sdk::view(id) == FREELLM_EXT_HEADS ? &known_heads : nullptr;
  };
  return t;
}();
PLUGIN_OF(table, FREELLM_ABI_MAJOR);
