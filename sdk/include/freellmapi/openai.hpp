// freellmapi/openai.hpp - base class of providers that speak OpenAI's chat completions. What differs is data
// (OpenAiDialect) where that is possible and a virtual function where it is not. The code behind it is the
// static library freellmapi_sdk, which a plugin made with freellm_add_plugin() links.
//
//   #include <freellmapi/openai.hpp>
//   #include "manifest.hpp"                                   // made from manifest.yaml by
//   freellm_add_plugin namespace sdk = freellmapi::sdk; constexpr sdk::MemberRule members[] =
//   {sdk::drop("logprobs"), sdk::clamp("temperature", 0, 1.5)}; constexpr sdk::OpenAiDialect dialect =
//   {.key_prefix = "box-", .members = members}; struct Box : sdk::OpenAiProvider {
//     static constexpr std::string_view id = "box";
//     static constexpr std::string_view manifest = freellmapi::manifest;
//     constexpr Box() : OpenAiProvider(dialect) {}
//   };
//   FREELLM_PLUGIN("1.0.0", Box);
#pragma once

#include <array>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <freellmapi/classify.hpp>
#include <freellmapi/durations.hpp>
#include <freellmapi/endpoints.hpp>
#include <freellmapi/heads.hpp>
#include <freellmapi/openai_dialect.hpp>
#include <freellmapi/openai_parser.hpp>
#include <freellmapi/plugin.hpp>
#include <span>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Adds members to the end of a request. The caller sees to it that no name is written twice.
class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) noexcept : out_(out) {}
  /// `json` is valid JSON text.
  void add(std::string_view name, std::string_view json);
  void add_string(std::string_view name, std::string_view text);
  void add_number(std::string_view name, std::uint64_t number);

 private:
  std::string& out_;
};

/// What a provider does with one member.
enum class Edit : std::uint8_t {
  none,     ///< as the dialect says
  drop,     ///< leave it out
  replace,  ///< write `replacement` in its place
};

/// Thread safety: constant; every function from any thread.
class OpenAiProvider {
 public:
  using Parser = OpenAiParser;

  /// `dialect` must live as long as the plugin: a constexpr at namespace scope.
  constexpr explicit OpenAiProvider(const OpenAiDialect& dialect) noexcept : dialect_(dialect) {}
  const OpenAiDialect& differences() const noexcept { return dialect_; }

  // ---- what the tables of plugin.hpp call
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept;
  void build_request(const Call& call, RequestOut& out) const;
  /// The same behind one of fixed_heads(), whose index it gives.
  std::uint32_t build_behind_head(const Call& call, RequestOut& out) const;
  /// Of a whole answer and of a stream.
  constexpr std::array<FixedHead, 2> fixed_heads() const noexcept {
    const auto head = [&](std::string_view accept) {
      return FixedHead{"POST",
                       dialect_.chat_path,
                       {{{"authorization", "Bearer ", dialect_.credential_part},
                         {"content-type", "application/json"},
                         {"accept", accept}}}};
    };
    return {head("application/json"), head("text/event-stream")};
  }
  void build_probe(RequestOut& out) const;
  void classify_error(const Headers& head, std::string_view body, std::int64_t now_unix_ms,
                      OutcomeOut& out) const;
  void read_limits(const Headers& head, std::int64_t now_unix_ms, WindowsOut& out) const;
  /// NULL answers for every id; hide it to have extensions of one's own.
  const void* extension(std::string_view) const noexcept { return nullptr; }
  /// The endpoints with a path in the dialect. Who serves more hides it and overrides the two below.
  constexpr std::uint32_t served_endpoints() const noexcept {
    return (dialect_.embeddings_path.empty() ? 0 : bit(Endpoint::embeddings)) |
           (dialect_.images_path.empty() ? 0 : bit(Endpoint::images)) |
           (dialect_.speech_path.empty() ? 0 : bit(Endpoint::speech));
  }
  virtual void build_endpoint(Endpoint endpoint, const Call& call, RequestOut& out) const;
  virtual bool read_endpoint(Endpoint endpoint, const Call& call, const Headers& head, std::string_view body,
                             AnswerOut& out, OutcomeOut& failure) const;

  // ---- hooks, with nothing to do by default

  /// More header fields of the request (content-type, accept and the credential are written already).
  virtual void add_headers(const Call&, RequestOut&) const {}
  /// Asked once for each member that the dialect would send as it is (messages included). `json` is its text.
  virtual Edit edit_member(const Call&, std::string_view /*name*/, std::string_view /*json*/,
                           std::string& /*replacement*/) const {
    return Edit::none;
  }
  /// The name under which the most output tokens are written.
  virtual std::string_view max_tokens_name(const Call&) const { return dialect_.max_tokens_name; }
  /// Whether the provider is asked for a stream; the host takes a whole answer to a stream as well.
  virtual bool asks_stream(const Call& call) const { return call.streams(); }
  /// Output tokens to write when the client said nothing; 0: nothing is written.
  virtual std::uint64_t default_max_tokens(const Call&) const { return dialect_.default_max_tokens; }
  /// Members of the provider's own, after all others.
  virtual void add_members(const Call&, MemberWriter&) const {}
  /// The same for requests beside chat.
  virtual void add_endpoint_members(Endpoint, const Call&, MemberWriter&) const {}
  /// True when edit_messages has something to do for this call beyond the dialect's MessageRules. Messages
  /// that nobody needs to edit are sent from where they lie.
  virtual bool must_edit_messages(const Call&) const { return false; }
  /// Called with the parsed messages after the MessageRules were applied. May throw
  /// Failure{FREELLM_E_INVALID}.
  virtual void edit_messages(const Call&, boost::json::array& /*messages*/) const {}
  /// A parsed whole answer or one frame of a stream, before anything of it is read: unwrap envelopes here.
  virtual void edit_answer(boost::json::object& /*answer*/) const {}
  /// A parsed choice (of a chunk or of a whole answer) before it is read.
  virtual void edit_choice(boost::json::object& /*choice*/) const {}
  /// What an error body says, before the rows are tried: unwrap nested errors here.
  virtual void edit_error(ErrorFacts&) const {}
  /// The sorted outcome: what a row cannot say (a header that decides, a rule over two numbers).
  virtual void edit_outcome(const ErrorFacts&, const Headers&, OutcomeOut&) const {}
  /// Windows that LimitHeaders cannot describe.
  virtual void add_limits(const Headers&, std::int64_t /*now_unix_ms*/, WindowsOut&) const {}

  /// For parsers: sorts an error inside a 200.
  void classify_in_success(std::string_view error_json, OutcomeOut& out) const;

 protected:
  constexpr ~OpenAiProvider() = default;

 private:
  void write_body(const Call& call, RequestOut& out) const;
  void finish_outcome(ErrorFacts& facts, const Headers& head, std::span<const freellm_window> windows,
                      std::int64_t now_unix_ms, OutcomeOut& out) const;
  const OpenAiDialect& dialect_;
};

}  // namespace freellmapi::sdk
