#include "net/dial.hpp"

#include <algorithm>

#include "net/address.hpp"
#include "net/tunnel.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t most_sessions = 64;
constexpr std::chrono::milliseconds least_share{100};

void set_error(CallError& error, Fault fault, std::string detail) {
  error.fault = fault;
  error.detail = std::move(detail);
}

bool may_dial(const asio::ip::address& address, bool local_allowed) noexcept {
  const Reach reach = reach_of(address);
  return reach == Reach::everywhere || (reach == Reach::local && local_allowed);
}

// A literal that is not to be dialled is refused before any proxy hears of it.
bool is_forbidden(const Origin& origin) noexcept {
  if (is_forbidden_name(origin.host)) return true;
  ErrorCode ec;
  const asio::ip::address literal = asio::ip::make_address(origin.host, ec);
  return !ec && !may_dial(literal, origin.local_allowed);
}

// Connects one socket before `until`.
Task<ErrorCode> connect_one(LocalCore& core, Stream& stream, Tcp::endpoint endpoint,
                            std::optional<base::Instant> until) {
  struct Share {
    Stream* stream;
    bool over = false;
  } share;
  share.stream = &stream;
  Deadline deadline(core.sweeper(), &share, [](void* owner) noexcept {
    auto* mine = static_cast<Share*>(owner);
    mine->over = true;
    mine->stream->close();
  });
  if (until) deadline.set(*until);
  const auto [ec] = co_await stream.socket().async_connect(endpoint, awaiting);
  if (share.over) co_return asio::error::make_error_code(asio::error::timed_out);
  co_return ec;
}

}  // namespace

std::shared_ptr<SessionSlot> Dialler::slot_of(const Origin& origin) {
  const std::string key = host_and_port(origin.host, origin.port) + '\n' + origin.ca_file;
  const auto known = sessions_.find(key);
  if (known != sessions_.end()) return known->second;
  if (sessions_.size() >= most_sessions) sessions_.erase(sessions_.begin());
  return sessions_[key] = std::make_shared<SessionSlot>();
}

Task<std::unique_ptr<Stream>> Dialler::connect(const std::string& host, std::uint16_t port,
                                               bool local_allowed, Lifeline& line, CallError& error) {
  const std::shared_ptr<const Resolved> resolved = co_await names_.resolve(host, line);
  if (!resolved) co_return nullptr;
  if (resolved->addresses.empty()) {
    set_error(error, Fault::resolve, host + ": " + resolved->error);
    co_return nullptr;
  }
  std::vector<asio::ip::address> allowed;
  for (const asio::ip::address& address : resolved->addresses) {
    if (may_dial(address, local_allowed)) allowed.push_back(address);
  }
  if (allowed.empty()) {
    set_error(error, Fault::forbidden_address,
              host + " is " + resolved->addresses.front().to_string() + ", which must not be dialled");
    co_return nullptr;
  }
  for (std::size_t i = 0; i < allowed.size() && !line.stopped(); ++i) {
    std::optional<base::Instant> until;
    const base::Instant now = core_.clock().steady();
    if (const auto end = line.phase_end(); end && i + 1 < allowed.size()) {
      const auto left = static_cast<std::int64_t>(allowed.size() - i);
      const auto share = std::chrono::duration_cast<std::chrono::milliseconds>(*end - now) / left;
      until = now + std::max(share, least_share);
    }
    auto stream = std::make_unique<Stream>(Socket(core_.io().get_executor()));
    line.guard(stream.get());
    const Tcp::endpoint endpoint(allowed[i], port);
    const ErrorCode ec = co_await connect_one(core_, *stream, endpoint, until);
    if (!ec) {
      stream->connected();
      co_return stream;
    }
    line.guard(static_cast<Stream*>(nullptr));
    set_error(error, Fault::connect, host_and_port(allowed[i].to_string(), port) + ": " + ec.message());
  }
  co_return nullptr;
}

Task<bool> Dialler::reach_through(const Origin& origin, const ProxyUrl& proxy, Stream& stream, Lifeline& line,
                                  CallError& error) {
  std::string fault;
  if (proxy.kind == ProxyUrl::Kind::http) {
    if (!origin.tls) co_return true;  // the request's target names the host
    std::string target = host_and_port(origin.host, origin.port);
    fault = co_await tunnel_by_connect(stream, proxy, std::move(target));
  } else {
    std::string host = origin.host;
    if (proxy.kind == ProxyUrl::Kind::socks5) {
      line.guard(static_cast<Stream*>(nullptr));
      const std::shared_ptr<const Resolved> resolved = co_await names_.resolve(origin.host, line);
      line.guard(&stream);
      if (!resolved || line.stopped()) co_return false;
      const auto usable =
          std::find_if(resolved->addresses.begin(), resolved->addresses.end(),
                       [&](const auto& address) { return may_dial(address, origin.local_allowed); });
      if (usable == resolved->addresses.end()) {
        const bool none = resolved->addresses.empty();
        set_error(error, none ? Fault::resolve : Fault::forbidden_address,
                  origin.host + " has no usable address");
        co_return false;
      }
      host = usable->to_string();
    }
    fault = co_await tunnel_by_socks(stream, proxy, std::move(host), origin.port);
  }
  if (!fault.empty()) set_error(error, Fault::proxy, host_and_port(proxy.host, proxy.port) + ": " + fault);
  co_return fault.empty();
}

Task<bool> Dialler::secure(const Origin& origin, Stream& stream, CallError& error) {
  auto context = tls_.context(origin.ca_file);
  if (!context) {
    set_error(error, Fault::tls, context.error().text());
    co_return false;
  }
  std::shared_ptr<SSL_CTX> shared = *context;
  std::string host = origin.host;
  std::shared_ptr<SessionSlot> slot = slot_of(origin);
  const IoResult result = co_await stream.start_tls(std::move(shared), std::move(host), std::move(slot));
  if (result.end == IoEnd::good) co_return true;
  set_error(error, Fault::tls, origin.host + ": " + stream.reason());
  co_return false;
}

Task<std::unique_ptr<Stream>> Dialler::dial_steps(const Origin& origin, Lifeline& line, CallError& error) {
  if (is_forbidden(origin)) {
    set_error(error, Fault::forbidden_address, origin.host + " must not be dialled");
    co_return nullptr;
  }
  if (origin.proxy.empty()) {
    std::unique_ptr<Stream> stream =
        co_await connect(origin.host, origin.port, origin.local_allowed, line, error);
    if (!stream) co_return nullptr;
    if (origin.tls) {
      const bool secured = co_await secure(origin, *stream, error);
      if (!secured) co_return nullptr;
    }
    co_return stream;
  }
  const auto proxy = parse_proxy_url(origin.proxy);
  if (!proxy) {
    set_error(error, Fault::proxy, "the proxy's URL must be http://, socks5:// or socks5h:// with a host");
    co_return nullptr;
  }
  // The proxy is the user's own, so it may be on this machine or network.
  std::unique_ptr<Stream> stream = co_await connect(proxy->host, proxy->port, true, line, error);
  if (!stream) {
    error.fault = Fault::proxy;
    co_return nullptr;
  }
  const bool reached = co_await reach_through(origin, *proxy, *stream, line, error);
  if (!reached) co_return nullptr;
  if (origin.tls) {
    const bool secured = co_await secure(origin, *stream, error);
    if (!secured) co_return nullptr;
  }
  co_return stream;
}

Task<std::unique_ptr<Stream>> Dialler::dial(const Origin& origin, Lifeline& line, CallError& error) {
  std::unique_ptr<Stream> stream = co_await dial_steps(origin, line, error);
  line.guard(static_cast<Stream*>(nullptr));
  if (line.stopped()) {
    error.fault = *line.stopped();
    stream.reset();
  }
  co_return stream;
}

}  // namespace freellmapi::net
