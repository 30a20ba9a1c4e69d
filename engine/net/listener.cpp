#include "net/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "net/connection.hpp"

namespace freellmapi::net {

namespace {
constexpr std::chrono::milliseconds back_off{100};

int open_reserve() noexcept { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool is_exhaustion(const ErrorCode& ec) noexcept {
  const int code = ec.value();
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}
}  // namespace

Listener::~Listener() {
  if (reserve_ >= 0) ::close(reserve_);
}

void Listener::stop() noexcept {
  ErrorCode ignored;
  acceptor_.close(ignored);
}

Task<void> Listener::run() {
  while (acceptor_.is_open()) {
    auto [ec, socket] = co_await acceptor_.async_accept(awaiting);
    if (!ec) {
      if (reserve_ < 0) reserve_ = open_reserve();
      try {
        admit(std::move(socket));
      } catch (const std::exception&) {
        home_.local.log().error("accept_failed", {{"exception", exception_type(std::current_exception())}});
      }
      continue;
    }
    if (!acceptor_.is_open()) co_return;
    if (ec == asio::error::connection_aborted) continue;  // the client left before it was accepted
    if (is_exhaustion(ec)) use_reserve();
    const base::Instant until = home_.local.clock().steady() + back_off;
    co_await home_.local.sleep_until(until);
  }
}

void Listener::use_reserve() {
  home_.log_refusal("no_descriptors", "", "too many open files; raise the limit (ulimit -n)");
  if (reserve_ >= 0) {
    ::close(reserve_);
    ErrorCode ec;
    acceptor_.non_blocking(true, ec);
    Socket socket(home_.local.io().get_executor());
    acceptor_.accept(socket, ec);
    if (!ec) turn_away(socket);
  }
  reserve_ = open_reserve();
}

void Listener::admit(Socket socket) {
  const std::size_t open = home_.shared.connections.load(std::memory_order_relaxed);
  if (open >= home_.shared.options.limits.connections) {
    home_.log_refusal("too_many_connections", "", "the limit of connections is reached");
    turn_away(socket);
    return;
  }
  ErrorCode ec;
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return;
  auto connection = std::make_shared<Connection>(home_, std::move(socket), endpoint.address().to_string());
  home_.local.spawn("connection", Connection::run(std::move(connection)));
}

void Listener::turn_away(Socket& socket) {
  Refusal refusal;
  refusal.status = 503;
  refusal.code = "too_many_connections";
  refusal.message = "too many connections are open; try again later";
  AnswerShape shape;
  shape.status = refusal.status;
  shape.close = true;
  const std::string body = error_body(refusal, base::make_id("req_"));
  shape.size = body.size();
  AnswerFields fields;
  fields.add("Content-Type", "application/json");
  fields.add("Retry-After", "1");
  std::string answer;
  append_answer_head(answer, shape, home_.date.at(home_.local.clock().wall()), fields);
  answer += body;
  ::send(socket.native_handle(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ErrorCode ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  // What the client has sent already is taken out, or the kernel's reset might overtake the answer.
  std::array<char, 4096> sink;
  for (int i = 0; i < 16; ++i) {
    if (::recv(socket.native_handle(), sink.data(), sink.size(), MSG_DONTWAIT) <= 0) break;
  }
}

void ServerCore::log_refusal(std::string_view code, std::string_view peer, std::string_view message) {
  const base::Instant now = local.clock().steady();
  for (Counted& counted : refusals_) {
    if (!counted.code.empty() && counted.code != code) continue;
    const bool first_time = counted.code.empty();
    counted.code = code;
    ++counted.since;
    if (!first_time && now - counted.written < std::chrono::seconds{1}) return;
    local.log().warn("refused",
                     {{"code", code}, {"peer", peer}, {"message", message}, {"count", counted.since}});
    counted.written = now;
    counted.since = 0;
    return;
  }
}

}  // namespace freellmapi::net
