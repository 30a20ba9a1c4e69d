// An answer's head as the ABI wants it.
#pragma once

#include <freellmapi/abi.h>

#include <boost/container/small_vector.hpp>

#include "base/text.hpp"
#include "net/upstream.hpp"

namespace freellmapi::relay {

/// Views into the call: valid as long as it.
struct AbiHead {
  explicit AbiHead(const net::UpstreamCall& call)
      : headers(call.fields().size(), boost::container::default_init) {
    auto header = headers.begin();
    for (const net::Field& f : call.fields()) {
      *header++ = {{f.name.data(), f.name.size()}, {f.value.data(), f.value.size()}};
    }
    head.size = sizeof head;
    head.http_status = call.status();
    head.headers = headers.data();
    head.header_count = headers.size();
  }
  AbiHead(const AbiHead&) = delete;
  AbiHead& operator=(const AbiHead&) = delete;

  boost::container::small_vector<freellm_header, 16> headers;
  freellm_head head{};
};

inline bool is_html(const net::UpstreamCall& call) {
  constexpr std::string_view html = "text/html";
  return base::equal_ignoring_case(call.get("content-type").substr(0, html.size()), html);
}

}  // namespace freellmapi::relay
