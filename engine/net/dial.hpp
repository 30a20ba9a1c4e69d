// Makes a connection that is ready for HTTP: resolve, check, connect, proxy, TLS.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "net/lifeline.hpp"
#include "net/name_cache.hpp"
#include "net/proxy_url.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

/// Core only.
class Dialler {
 public:
  Dialler(LocalCore& core, TlsStore& tls) : core_(core), tls_(tls), names_(core) {}
  /// Null: `error` says why.
  Task<std::unique_ptr<Stream>> dial(const Origin& origin, Lifeline& line, CallError& error);

 private:
  Task<std::unique_ptr<Stream>> dial_steps(const Origin& origin, Lifeline& line, CallError& error);
  Task<std::unique_ptr<Stream>> connect(const std::string& host, std::uint16_t port, bool local_allowed,
                                        Lifeline& line, CallError& error);
  Task<bool> reach_through(const Origin& origin, const ProxyUrl& proxy, Stream& stream, Lifeline& line,
                           CallError& error);
  Task<bool> secure(const Origin& origin, Stream& stream, CallError& error);
  std::shared_ptr<SessionSlot> slot_of(const Origin& origin);

  LocalCore& core_;
  TlsStore& tls_;
  NameCache names_;
  std::unordered_map<std::string, std::shared_ptr<SessionSlot>> sessions_;  // bounded in slot_of()
};

}  // namespace freellmapi::net
