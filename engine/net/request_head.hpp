// Parses and judges the head of a client's request. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/authority.hpp"
#include "net/body_decoder.hpp"
#include "net/exchange.hpp"
#include "net/server.hpp"

namespace freellmapi::net {

/// What the head said about the connection and the body.
struct RequestPlan {
  BodyPlan body;
  std::size_t head_size = 0;  ///< with the empty line
  bool keep_alive = false;
  bool expects_continue = false;
};

struct Refusal {
  int status = 0;
  std::string_view code;
  std::string message;
  bool allow = false;  ///< say which methods exist
};

/// The methods that a handler may see; anything else is answered here.
inline constexpr std::string_view allowed_methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// `bytes` begin with a head. Names become lower case in place; the views in `head` and `fields` point into
/// `bytes`. When the method could be read it is set even if something is wrong. A head that is not whole is
/// refused like one that is wrong: which of them it is HeadScan tells. Null: nothing is wrong.
std::unique_ptr<Refusal> parse_request_head(std::span<char> bytes, const ServerLimits& limits,
                                            const HostRules& hosts, RequestHead& head,
                                            std::vector<Field>& fields, RequestPlan& plan);

/// The refusal of bytes that are no head.
std::unique_ptr<Refusal> bad_framing(std::string_view message);

/// What is wrong with a path (see RequestHead::path), or an empty view.
std::string_view path_fault(std::string_view path) noexcept;

}  // namespace freellmapi::net
