// The request a plugin wrote, with everything the host would refuse written down.
#pragma once

#include <freellmapi/abi.h>
#include <freellmapi/ext/endpoints.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freellmapi::kit {

struct Written {
  struct Credential {
    std::string name, prefix;
    std::uint32_t part = 0;
    bool operator==(const Credential&) const = default;
  };

  freellm_status status = FREELLM_OK;
  std::string method, path, body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< as written
  std::vector<Credential> credentials;
  std::optional<std::uint64_t> output_bound;
  std::size_t pieces = 0;
  std::size_t copied = 0;           ///< bytes of the body that do not lie inside the call's body
  std::vector<std::string> faults;  ///< what the host refuses; at most 16

  /// The value of a header, its name in any case; nullptr: it is not there.
  const std::string* header(std::string_view lower_name) const;
  /// Path, headers, prefixes and body in one text, to look for what must not be there.
  std::string everything() const;
  bool operator==(const Written&) const = default;
};

/// The host's end of freellm_request_out. Not movable: the plugin holds its address.
class RequestSink {
 public:
  /// Pieces that lie inside `shared` count as not copied. After `calls_allowed` callbacks each further one
  /// answers FREELLM_E_STOPPED.
  explicit RequestSink(freellm_str shared, std::size_t calls_allowed = SIZE_MAX);
  RequestSink(const RequestSink&) = delete;
  RequestSink& operator=(const RequestSink&) = delete;

  freellm_request_out* out() { return &out_; }
  /// Callbacks so far, those after the end of what was allowed as well.
  std::size_t calls() const { return calls_; }
  Written take(freellm_status status) &&;

 private:
  static RequestSink& from(freellm_request_out* out) { return *static_cast<RequestSink*>(out->ctx); }
  freellm_status next();
  void fault(std::string what);
  void judge_name(std::string_view name, std::string_view value);

  freellm_request_out out_{};
  freellm_str shared_;
  std::size_t calls_allowed_, calls_ = 0;
  bool targeted_ = false;
  Written written_;
};

/// The extension "freellm.endpoints/1". Throws when the provider has it not.
const freellm_endpoints& endpoints_of(const freellm_provider& provider);
/// build_request, with `call` as it is.
Written write_request(const freellm_provider& provider, const freellm_call& call);
/// The same behind a head of the extension "freellm.heads/1"; nothing when the provider has it not.
std::optional<Written> write_behind_head(const freellm_provider& provider, const freellm_call& call);
/// build_request of the extension "freellm.endpoints/1". Throws when the provider has it not.
Written write_request(const freellm_provider& provider, std::uint32_t endpoint, const freellm_call& call);
/// build_probe; REQUIRES: the provider has one.
Written write_probe(const freellm_provider& provider);

}  // namespace freellmapi::kit
