// freellmapi/endpoints.hpp - the C++ face of extension "freellm.endpoints/1" (ext/endpoints.h). plugin.hpp
// offers it for every provider with the three functions that ServesEndpoints names; OpenAiProvider has them.
#pragma once

#include <freellmapi/ext/endpoints.h>

#include <cstdint>
#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::sdk {

enum class Endpoint : std::uint32_t {
  embeddings = FREELLM_ENDPOINT_EMBEDDINGS,
  images = FREELLM_ENDPOINT_IMAGES,
  speech = FREELLM_ENDPOINT_SPEECH,
};
constexpr std::uint32_t bit(Endpoint endpoint) noexcept {
  return FREELLM_ENDPOINT_BIT(static_cast<std::uint32_t>(endpoint));
}

/// Where an answer in OpenAI's shape is written. Each function throws Failure when the host refuses.
class AnswerOut {
 public:
  explicit AnswerOut(freellm_answer_out& out) noexcept : out_(out) {}
  /// Once, before the body.
  void content_type(std::string_view type) { check(out_.content_type(&out_, str(type))); }
  void body(std::string_view bytes) {
    if (!bytes.empty()) check(out_.body(&out_, bytes.data(), bytes.size()));
  }
  /// As the provider billed them.
  void input_tokens(std::uint64_t tokens) { check(out_.input_tokens(&out_, tokens)); }

 private:
  freellm_answer_out& out_;
};

template <class P>
concept ServesEndpoints = requires(const P& provider, Endpoint endpoint, const Call& call,
                                   const Headers& head, RequestOut& request, AnswerOut& answer,
                                   OutcomeOut& failure) {
  { provider.served_endpoints() } -> std::same_as<std::uint32_t>;
  provider.build_endpoint(endpoint, call, request);
  // False: the body is an error, which stands in `failure`.
  { provider.read_endpoint(endpoint, call, head, std::string_view{}, answer, failure) } -> std::same_as<bool>;
};

}  // namespace freellmapi::sdk
