// The host's end of freellm_request_out: takes what the plugin writes and refuses what must not be sent.
#pragma once

#include <freellmapi/abi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "host/provider.hpp"

namespace freellmapi::host {

/// One request being written. Not movable: the plugin holds its address. One thread.
class RequestWriter {
 public:
  /// Into `request`, which outlives this. Pieces that lie inside `shared` are kept by reference.
  RequestWriter(UpstreamRequest& request, std::string_view shared);
  RequestWriter(const RequestWriter&) = delete;
  RequestWriter& operator=(const RequestWriter&) = delete;

  freellm_request_out* out() noexcept { return &out_; }
  /// What was written goes behind a head that has been judged; null: the plugin named one that is not there.
  void stand_behind(const UpstreamRequest* head);
  /// Nothing when the request is whole: the plugin ended with `status` and nothing it wrote was refused.
  std::optional<base::Error> end(freellm_status status, std::string_view provider) const;

 private:
  template <class Write>
  static freellm_status guarded(freellm_request_out* out, Write&& write) noexcept;
  freellm_status set_target(std::string_view method, std::string_view path);
  freellm_status add_header(std::string_view name, std::string_view value, std::optional<std::uint32_t> part);
  freellm_status add_body(const void* data, std::size_t size);
  /// Remembers the first fault; a plugin that goes on all the same gains nothing.
  freellm_status refuse(freellm_status status, std::string why);

  freellm_request_out out_{};
  UpstreamRequest& request_;
  std::string_view shared_;
  std::size_t pieces_ = 0;
  freellm_status fault_ = FREELLM_OK;
  std::string why_;
};

/// The request that `write(writer)` writes with the plugin's help.
template <class Write>
base::Result<UpstreamRequest> written_by(std::string_view provider, std::string_view shared, Write&& write) {
  base::Result<UpstreamRequest> built(boost::system::in_place_value);
  RequestWriter writer(*built, shared);
  const freellm_status status = write(writer);
  if (auto error = writer.end(status, provider)) built = std::move(*error);
  return built;
}

}  // namespace freellmapi::host
