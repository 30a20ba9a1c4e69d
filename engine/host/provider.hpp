// A loaded provider, seen from the engine: calls into the plugin with the ABI's rules kept.
#pragma once

#include <freellmapi/abi.h>
#include <freellmapi/ext/cost.h>
#include <freellmapi/ext/endpoints.h>
#include <freellmapi/ext/heads.h>
#include <freellmapi/ext/local.h>
#include <freellmapi/ext/salvage.h>
#include <freellmapi/ext/whole.h>

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "host/kept_text.hpp"

namespace freellmapi::host {

/// Beside the statuses of the ABI: the plugin itself failed. It threw, wrote past its memory, said
/// FREELLM_E_INTERNAL or emitted what the ABI forbids. Never a plugin's own word.
inline constexpr freellm_status plugin_fault = -1000;
/// The class of outcomes that come of it, beside those of the ABI.
inline constexpr std::uint32_t plugin_failed = FREELLM_C_PROVIDER_BLOCKED + 1;

/// The request a plugin wrote: everything but the host name, the secret and the framing.
///
/// All views point to what it holds, those of a head that the provider has fixed into the provider, the
/// body's pieces also into the call's body; these must outlive the sending. Movable; the views stay. A
/// moved-from one can only be destroyed.
class UpstreamRequest {
 public:
  struct Header {
    std::string_view name;   ///< as the plugin wrote it
    std::string_view value;  ///< for a credential: the prefix that stands before the secret
    /// Set when the host must append the secret: 0 the whole key, 1 and 2 its parts around the first ':'.
    std::optional<std::uint32_t> credential;
  };

  std::string_view method() const noexcept { return held_->method; }
  /// Begins with '/'; appended to the base URL; may hold {key}, {key:1}, {key:2}.
  std::string_view path() const noexcept { return held_->path; }
  /// Header fields of a fixed head, as they go out: legal, none of the host's, each with its line's end.
  std::string_view lines() const noexcept { return held_->lines; }
  /// The fields beside lines(): credentials, and what the plugin wrote for this request alone.
  std::size_t header_count() const noexcept { return fixed_headers() + held_->headers.size(); }
  const Header& header(std::size_t index) const noexcept {
    const std::size_t fixed = fixed_headers();
    return index < fixed ? held_->fixed->headers[index] : held_->headers[index - fixed];
  }
  /// All of them, those in lines() too.
  std::size_t field_count() const noexcept { return held_->line_count + header_count(); }
  std::optional<std::uint64_t> output_bound;  ///< output tokens the request can be billed for at most

  void set_target(std::string_view method, std::string_view path);
  /// Makes lines() of the headers that are no credentials: others may then stand behind this one.
  void fix();
  /// In the place of a target: method, path and fields are those of `head`, which is fixed and outlives this.
  void stand_behind(const UpstreamRequest& head) noexcept;
  void add_header(const Header& header);

  /// The body in order.
  using Pieces = boost::container::small_vector<std::string_view, 4>;
  const Pieces& pieces() const noexcept { return held_->pieces; }
  std::size_t body_size() const noexcept { return held_->body_size; }

  /// Appends `bytes`, by reference when they lie inside `shared`, else as a copy. Adjacent pieces of a kind
  /// merge.
  void append(std::string_view bytes, std::string_view shared);

 private:
  struct Held {
    const Held* fixed = nullptr;
    std::string_view method, path, lines;
    std::size_t line_count = 0;
    std::vector<Header> headers;
    Pieces pieces;
    std::size_t body_size = 0;
    KeptText kept;
  };
  std::size_t fixed_headers() const noexcept {
    return held_->fixed == nullptr ? 0 : held_->fixed->headers.size();
  }

  std::unique_ptr<Held> held_ = std::make_unique_for_overwrite<Held>();
};

/// Receives a parser's events. The event and all it points to are valid during the call alone.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// False: stop. The parser then ends with FREELLM_E_STOPPED.
  virtual bool on_event(const freellm_event& event) = 0;
};

/// An answer of an endpoint beside chat, in OpenAI's shape.
struct EndpointAnswer {
  std::string content_type, body;
  std::optional<std::uint64_t> input_tokens;  ///< as the provider billed them
};

class Plugin;

/// One provider of a plugin. Immutable; keeps its plugin mapped. Thread safety: every method from any thread.
class Provider {
 public:
  /// `described` has been judged (PluginLoader does) and stays where it is for ever.
  Provider(std::shared_ptr<const Plugin> plugin, const freellm_provider& described);

  const std::string& id() const noexcept { return id_; }
  /// The manifest's YAML text, as the plugin gave it.
  const std::string& manifest() const noexcept { return manifest_; }
  const Plugin& plugin() const noexcept { return *plugin_; }

  /// True when the plugin takes `key` for one of its provider's keys. Shows the plugin eight characters at
  /// most.
  bool has_key_shape(std::string_view key) const;
  /// What the plugin wrote has been checked: a method, a path, at most 64 headers of legal names and values
  /// that are not the host's own, at most 64 MiB of body. Errc::invalid_argument: another candidate may be
  /// able to. Errc::internal: the plugin itself failed.
  base::Result<UpstreamRequest> build_request(const freellm_call& call) const;
  /// Errc::not_found when the provider has no free way to test a key.
  base::Result<UpstreamRequest> build_probe() const;
  /// Sorts an error answer. Always gives an outcome: a plugin that refuses gives FREELLM_C_UNKNOWN, one that
  /// fails plugin_failed. NUL ends are sure.
  freellm_outcome classify(const freellm_head& head, std::string_view body, std::int64_t now_unix_ms) const;
  /// True when the provider answers by itself (extension "freellm.local/1"): answer_locally() replaces
  /// requests.
  bool is_local() const noexcept { return local_ != nullptr; }
  /// REQUIRES: is_local(). Emits the whole answer into `sink`.
  freellm_status answer_locally(const freellm_call& call, EventSink& sink) const;
  /// True when an answer that has come altogether needs no parser ("freellm.whole/1").
  bool reads_whole() const noexcept { return whole_ != nullptr; }
  /// REQUIRES: reads_whole(). Ends as Parser::finish() would, behind a feed of `body`.
  freellm_status read_whole(const freellm_call& call, const freellm_head& head, std::string_view body,
                            EventSink& sink) const;
  /// True when an error answer of this provider may hold an answer ("freellm.salvage/1").
  bool can_salvage() const noexcept { return salvage_ != nullptr; }
  /// REQUIRES: can_salvage(). Emits what an error answer quotes of the model; FREELLM_E_UNSUPPORTED: nothing.
  freellm_status salvage(const freellm_call& call, const freellm_head& head, std::string_view body,
                         EventSink& sink) const;
  /// The most that a call of so many tokens can cost in thousandths of the provider's own unit: as the plugin
  /// says ("freellm.cost/1"). Nothing: it does not, and the price decides.
  std::optional<std::uint64_t> cost_bound(std::string_view model, const freellm_price& price,
                                          std::uint64_t input_tokens, std::uint64_t output_tokens) const;
  /// What an answer says that it cost, in thousandths of the unit.
  std::optional<std::uint64_t> stated_cost(const freellm_head& head) const;
  /// FREELLM_ENDPOINT_BIT of each endpoint beside chat ("freellm.endpoints/1").
  std::uint32_t endpoints() const noexcept;
  bool serves(std::uint32_t endpoint) const noexcept;
  /// As build_request, for an endpoint; Errc::not_found when it is not served.
  base::Result<UpstreamRequest> build_endpoint(std::uint32_t endpoint, const freellm_call& call) const;
  /// Reads a whole 2xx answer: the answer in OpenAI's shape, or what went wrong.
  std::variant<EndpointAnswer, freellm_outcome> read_endpoint(std::uint32_t endpoint,
                                                              const freellm_call& call,
                                                              const freellm_head& head,
                                                              std::string_view body) const;
  /// False: stated_cost() never has a word.
  bool states_costs() const noexcept { return cost_ != nullptr && cost_->stated != nullptr; }
  /// False: read_limits() never has a word.
  bool states_limits() const noexcept { return table_.read_limits != nullptr; }
  /// The provider's statements about its windows; at most 32.
  std::vector<freellm_window> read_limits(const freellm_head& head, std::int64_t now_unix_ms) const;

 private:
  friend class Parser;
  const void* extension(std::string_view id) const noexcept;
  void take_heads(const freellm_heads* heads);

  std::shared_ptr<const Plugin> plugin_;
  const freellm_provider* raw_;  // passed back to the plugin
  freellm_provider table_;       // our copy, zero where the plugin knew less; calls go through it
  std::string id_, manifest_;
  const freellm_local* local_ = nullptr;          // in the plugin; null: it needs the wire
  const freellm_salvage* salvage_ = nullptr;      // in the plugin; null: an error is an error
  const freellm_heads* heads_ = nullptr;          // in the plugin; null: each request writes its own
  std::vector<UpstreamRequest> fixed_;            // they, judged
  const freellm_whole* whole_ = nullptr;          // in the plugin; null: every answer has a parser
  const freellm_cost* cost_ = nullptr;            // in the plugin; null: by the price alone
  const freellm_endpoints* endpoints_ = nullptr;  // in the plugin; null: chat alone
};

/// One answer's parser. Not thread-safe; one owner.
class Parser {
 public:
  /// The call and the head are used during open alone.
  static base::Result<Parser> open(std::shared_ptr<const Provider> provider, const freellm_call& call,
                                   const freellm_head& head);
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;
  ~Parser();

  /// Feeds body bytes, cut anywhere. FREELLM_DONE: the answer is whole, further bytes are passed over. After
  /// a negative status every further call gives that status again. The sink sees only events that are whole
  /// and of a known type, with known values; others end in plugin_fault or are ignored as the ABI says.
  /// An exception of the sink ends in FREELLM_E_LIMIT (no memory) or FREELLM_E_INTERNAL.
  freellm_status feed(std::string_view bytes, EventSink& sink);
  /// The body ended: FREELLM_OK, or FREELLM_E_TRUNCATED when the answer has not.
  freellm_status finish(EventSink& sink);

 private:
  Parser() = default;
  /// `status`, or plugin_fault when the plugin has written past its memory. Then none of its code runs on it
  /// again.
  freellm_status fenced(freellm_status status) noexcept;
  struct Free {
    void operator()(void* memory) const noexcept;
  };
  void close() noexcept;

  std::shared_ptr<const Provider> provider_;
  std::unique_ptr<void, Free> memory_;
  std::byte* room_ = nullptr;  // in it, the plugin's part: fences stand on both sides
  bool open_ = false;
  bool errored_ = false;               // an error event was the last one allowed
  freellm_status ended_ = FREELLM_OK;  // negative or FREELLM_DONE: the answer is over
};

}  // namespace freellmapi::host
