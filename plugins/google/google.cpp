// Google's Gemini API with an AI Studio key: generateContent, Google's own wire.
#include <freellmapi/plugin.hpp>

#include "endpoints.hpp"
#include "errors.hpp"
#include "manifest.hpp"
#include "parser.hpp"
#include "request.hpp"

namespace freellmapi::google {

struct Google {
  static constexpr std::string_view id = "google";
  static constexpr std::string_view manifest = freellmapi::manifest;

  struct Parser : google::Parser {
    Parser(const Google&, const sdk::Call& call, const sdk::Headers& head) : google::Parser(call, head) {}
  };

  // The classic kind is "AIza" and 35 characters. Newer ones differ, so any other text that could be a key
  // passes.
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
    for (const char c : first_8)
      if (c <= ' ' || c > '~') return false;
    return first_8.starts_with("AIza") ? length == 39 : length >= 20 && length <= 512;
  }
  void build_request(const sdk::Call& call, sdk::RequestOut& out) const { write_request(call, out); }
  // The list of models is shown to good keys alone and counts against nothing.
  void build_probe(sdk::RequestOut& out) const {
    out.target("GET", "/models?pageSize=1");
    out.header("accept", "application/json");
    out.credential("x-goog-api-key", "");
  }
  void classify_error(const sdk::Headers& head, std::string_view body, std::int64_t now_unix_ms,
                      sdk::OutcomeOut& out) const {
    sort_error(head, body, now_unix_ms, out);
  }

  constexpr std::uint32_t served_endpoints() const noexcept {
    return sdk::bit(sdk::Endpoint::embeddings) | sdk::bit(sdk::Endpoint::speech);
  }
  void build_endpoint(sdk::Endpoint endpoint, const sdk::Call& call, sdk::RequestOut& out) const {
    if (endpoint == sdk::Endpoint::embeddings) return ask_for_embeddings(call, out);
    ask_for_speech(call, out);
  }
  bool read_endpoint(sdk::Endpoint endpoint, const sdk::Call& call, const sdk::Headers&,
                     std::string_view body, sdk::AnswerOut& out, sdk::OutcomeOut& failure) const {
    return endpoint == sdk::Endpoint::embeddings ? read_embeddings(call, body, out, failure)
                                                 : read_speech(body, out, failure);
  }
  // No read_limits: the provider sends no limit headers, its truth is in the body of a 429.
};

}  // namespace freellmapi::google

FREELLM_PLUGIN("1.0.0", freellmapi::google::Google);
