// The client side: pooled connections to providers, plain or TLS, direct or through a proxy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/exchange.hpp"
#include "net/task.hpp"

namespace freellmapi::net {

/// Where a connection goes. Equal origins share a pool. Values.
struct Origin {
  bool tls = true;
  std::string host;  ///< name or literal address, without brackets
  std::uint16_t port = 443;
  std::string proxy;           ///< "", "http://[user:pass@]host:port", "socks5://...", "socks5h://..."
  std::string ca_file;         ///< "", or a PEM file trusted instead of the system's store
  bool local_allowed = false;  ///< loopback and private addresses may be dialled (custom providers)

  bool operator==(const Origin&) const = default;
};

/// Splits an http(s) URL into origin and path prefix (no trailing '/'). Refuses userinfo, fragments, other
/// schemes, control characters and ports out of range.
struct ParsedUrl {
  Origin origin;
  std::string path;
};
base::Result<ParsedUrl> parse_base_url(std::string_view url);

/// The proxy that the environment prescribes for `origin` (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY, NO_PROXY with
/// suffixes and CIDR, both cases; loopback bypasses), "" for none. `environment` looks a variable up.
std::string proxy_from_environment(const Origin& origin, std::string (*environment)(const char* name));

/// Zero means no limit.
struct Deadlines {
  std::chrono::milliseconds connect{5'000};      ///< resolve, connect, proxy and TLS together
  std::chrono::milliseconds first_byte{15'000};  ///< from the request's last byte to the answer's head
  std::chrono::milliseconds idle{30'000};        ///< between two reads of the body
  std::chrono::milliseconds total{600'000};      ///< the whole call
};

/// How a call ended when not well. The order has no meaning.
enum class Fault {
  resolve,            ///< the name has no address
  forbidden_address,  ///< it resolves to an address that must not be dialled (metadata services, link-local,
                      ///< private)
  connect,            ///< refused or unreachable
  proxy,              ///< the proxy said no
  tls,                ///< handshake or verification failed; no byte of HTTP was sent
  reset,              ///< closed or reset before the first byte of an answer
  truncated,          ///< closed inside head or body
  bad_response,       ///< not HTTP, or HTTP that must not be trusted
  too_large,          ///< head or body over its bound
  timeout_connect,
  timeout_first_byte,
  timeout_idle,
  timeout_total,
  cancelled,  ///< by cancel()
};
std::string_view name(Fault fault) noexcept;

struct CallError {
  Fault fault = Fault::reset;
  std::string detail;   ///< for logs: a library's or system's words; no secret
  bool unsent = false;  ///< no byte of the request has left
  bool kept = false;    ///< a kept connection was closed before any byte of an answer (Over::kept_once)
};

/// Which connection a request goes over.
enum class Over {
  kept,       ///< a kept one or a new one; a kept one that turns out to be dead is replaced, silently
  kept_once,  ///< likewise, but what a dead one may have swallowed is not sent again: CallError::kept
  fresh,      ///< a new one
};

/// A field to send. With `credential` set the value is the prefix and the secret (0) or its part before (1)
/// or after (2) the first ':' follows.
struct OutgoingField {
  std::string_view name, value;
  std::optional<std::uint32_t> credential;
};

/// Hears of a request that can not leave at once. Core only; must outlive the call.
class Departure {
 public:
  /// A connection has to be made, or the peer does not take all of it yet.
  virtual void delayed() = 0;
  /// After delayed(): as much of it as could be sent has left.
  virtual void sent() = 0;

 protected:
  ~Departure() = default;
};

/// All views must outlive the send.
struct OutgoingRequest {
  std::string_view method;
  std::string_view base_path;  ///< of the base URL
  std::string_view path;       ///< may hold {key}, {key:1}, {key:2}: percent-encoded secret goes there
  std::span<const OutgoingField> fields;
  std::string_view lines;  ///< more fields, as they go out: legal, none of the host's, each with its CR LF
  std::span<const std::string_view> body;  ///< sent with one gather write with the head, never copied
  const base::Secret* secret = nullptr;    ///< nullptr: keyless; credential fields are left out
  Over over = Over::kept;
  Departure* departure = nullptr;  ///< may be null
};

/// One request to a provider and its answer. Owns its connection; destroying it before the legal end closes
/// the connection.
class UpstreamCall {
 public:
  virtual ~UpstreamCall() = default;
  virtual int status() const noexcept = 0;
  /// Names in lower case; at most 64 KiB and 200 fields. Hop-by-hop fields are gone.
  virtual std::span<const Field> fields() const noexcept = 0;
  virtual std::string_view get(std::string_view lower_name) const noexcept = 0;

  /// Next body bytes (framing and gzip taken off), valid until the next call; an empty view is the legal end,
  /// after which the connection is back in the pool. On an error `error()` says why and the call is over.
  virtual Task<std::optional<std::string_view>> read() = 0;
  /// True: more of the body, or its end, has come already, and the next read() will not wait.
  virtual bool at_hand() const noexcept = 0;
  /// True: what the last read() gave was the body's last, and the connection is back in the pool already.
  virtual bool ended() const noexcept = 0;
  virtual const CallError& error() const noexcept = 0;
  /// From now on a read() waits at most that long: what may still come is not worth more.
  virtual void hurry(std::chrono::milliseconds idle) noexcept = 0;
  /// Closes the connection; a pending read() ends with Fault::cancelled. May be called at any time on the
  /// core.
  virtual void cancel() noexcept = 0;
  /// True when the answer came over a connection that had been used before.
  virtual bool reused() const noexcept = 0;
};

/// Lets a caller cancel a call that has not got its head yet. Not thread-safe: core only. Must outlive the
/// call.
class Canceller {
 public:
  /// Cancels the call in progress, if any, and every one that is begun with this canceller afterwards.
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_; }

 private:
  friend class UpstreamClient;
  friend struct CancellerAccess;
  bool cancelled_ = false;
  void* target_ = nullptr;
  void (*stop_)(void*) noexcept = nullptr;
};

struct UpstreamOptions {
  /// As many as requests are usually under way: a connection that is dialled anew costs five pooled requests.
  std::size_t idle_per_origin = 256;
  std::size_t idle_tls_per_origin = 64;        ///< of those with TLS: each holds some hundred KiB
  std::size_t idle_total = 1024;               ///< per core
  std::chrono::milliseconds idle_age{50'000};  ///< shorter than most servers' keep-alive
  std::size_t head_bytes = 64 * 1024;
  std::size_t body_bytes =
      32 * 1024 * 1024;  ///< inflated; streams are bounded by what is buffered, not by this
  std::string user_agent = "freellmapi/0.1";
};

/// Of a core's connections to providers, or of all cores'.
struct UpstreamLoad {
  std::size_t open = 0, idle = 0;         ///< now; the open ones hold the idle ones
  std::uint64_t reused = 0, dialled = 0;  ///< calls over a connection of before, and connections made
};

/// A core's connections to providers. Connections are reused LIFO; a reused connection that dies before the
/// first byte of an answer is replaced by a fresh one once, silently, unless the request says otherwise.
/// Redirects are answers like any other; nothing is followed.
class UpstreamClient {
 public:
  virtual ~UpstreamClient() = default;
  /// Sends and waits for the answer's head (1xx skipped, at most 16). nullptr: `error` says why.
  /// `stream`: the body is endless, so body_bytes does not apply.
  virtual Task<std::unique_ptr<UpstreamCall>> call(const Origin& origin, const OutgoingRequest& request,
                                                   const Deadlines& deadlines, bool stream,
                                                   Canceller& canceller, CallError& error) = 0;
  /// Closes idle connections (after a suspend, at a drain).
  virtual void drop_idle() noexcept = 0;
  virtual std::size_t idle() const noexcept = 0;
  /// From any thread.
  virtual UpstreamLoad load() const noexcept = 0;
};

}  // namespace freellmapi::net
