// What every surface's endpoint is handed by the front door.
#pragma once

#include <string>
#include <string_view>

#include "net/server.hpp"
#include "relay/record.hpp"

namespace freellmapi::surfaces {

/// What fields of the head say that more than one surface looks at; "" where there is none. Views into the
/// head.
struct Asked {
  std::string_view request_id, origin, content_type, session_id, continue_stream;
};

/// One request past the door.
struct Incoming {
  Incoming(net::Exchange& its_exchange, net::Core& its_core) : exchange(its_exchange), core(its_core) {}

  net::Exchange& exchange;
  net::Core& core;
  Asked asked = {};
  std::string_view rest = {};     ///< what follows a prefix path
  std::string* body = nullptr;    ///< read, when the route takes one; the exchange's own string
  net::AnswerFields common = {};  ///< for the reply, which may take it: X-Request-Id, CORS
  relay::Record record = {};
  bool refused = false;  ///< at the door: no endpoint has seen it
};

/// Answers one route's requests. Outlives the server.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual net::Task<void> handle(Incoming& incoming) = 0;
};

}  // namespace freellmapi::surfaces
