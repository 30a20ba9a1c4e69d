#include "net/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <system_error>
#include <thread>

#include "base/text.hpp"
#include "net/connection.hpp"
#include "net/listener.hpp"

namespace freellmapi::net {

namespace {

constexpr std::chrono::milliseconds signal_drain{30'000};
constexpr std::chrono::milliseconds last_second{1'000};  // for handlers to end after everything was closed
constexpr std::chrono::milliseconds drain_check{20};

// One core's thread and what runs on it.
struct Worker {
  Worker(unsigned index, ServerShared& shared, const base::Clock& clock, const base::Log& log, TlsStore& tls)
      : local(index, clock, log, shared.options.upstream, tls),
        home(shared, local),
        listener(std::make_unique<Listener>(home, ::open("/dev/null", O_RDONLY | O_CLOEXEC))),
        guard(asio::make_work_guard(local.io())) {}
  ~Worker() {
    listener.reset();
    guard.reset();
    local.close();  // while what its coroutines refer to is still there
  }

  void run() {
    local.spawn("accept", listener->run());
    for (;;) {  // a handler of ours never throws; one of a library's must not take the core down
      try {
        local.io().run();
        Frames::release();
        return;
      } catch (const std::exception&) {
        local.log().error("core_failed", {{"exception", exception_type(std::current_exception())}});
      }
    }
  }

  LocalCore local;
  ServerCore home;
  std::unique_ptr<Listener> listener;
  asio::executor_work_guard<Executor> guard;
  std::thread thread;
};

// A listening socket, or the errno. The first one is bound without SO_REUSEPORT, so that another program (a
// second instance of ours, above all) on the port is noticed; the option is set afterwards to let our other
// cores in.
base::Result<int> open_listener(const asio::ip::address& address, std::uint16_t port, bool first) {
  const Tcp::endpoint endpoint(address, port);
  const int descriptor =
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  const auto option = [&](int level, int name) {
    return ::setsockopt(descriptor, level, name, &yes, sizeof yes) == 0;
  };
  bool good = descriptor >= 0 && option(SOL_SOCKET, SO_REUSEADDR) && option(IPPROTO_TCP, TCP_NODELAY);
  if (address.is_v6()) good = good && option(IPPROTO_IPV6, IPV6_V6ONLY);
  if (!first) good = good && option(SOL_SOCKET, SO_REUSEPORT);
  good = good && ::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0;
  if (first) good = good && option(SOL_SOCKET, SO_REUSEPORT);
  good = good && ::listen(descriptor, 1024) == 0;
  if (good) return descriptor;

  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  const std::string place = address.to_string() + ":" + std::to_string(port);
  switch (code) {
    case EADDRINUSE:
      return base::Error(base::Errc::already_exists,
                         "port " + std::to_string(port) + " is in use on " + address.to_string() +
                             "; stop the other program or choose another port with --listen");
    case EADDRNOTAVAIL:
      return base::Error(base::Errc::invalid_argument, "this machine has no address " + address.to_string());
    case EACCES:
      return base::Error(base::Errc::permission,
                         "listening on " + place + " is not permitted; choose a port above 1023");
    default:
      return base::Error(base::Errc::io,
                         "cannot listen on " + place + ": " + std::generic_category().message(code));
  }
}

}  // namespace

struct Server::State {
  State(ServerOptions options, Handler& handler, const base::Clock& c, const base::Log& l)
      : clock(c), log(l), shared{std::move(options), handler, {}} {}

  // On the main thread.
  void begin_drain(std::chrono::milliseconds limit);
  void check_drained();
  void force();
  void end();
  void await_signal();
  void tick();
  void guarded(const char* what, const std::function<void()>& callback);

  const base::Clock& clock;
  const base::Log& log;
  ServerShared shared;
  TlsStore tls;
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint16_t port = 0;
  std::atomic<bool> draining{false};

  asio::io_context main;
  std::unique_ptr<asio::signal_set> signals;
  std::unique_ptr<Timer> ticks, checks;
  std::function<void()> on_hangup, on_tick;
  Background* background = nullptr;
  const char* background_name = "";
  base::Instant drain_until{};
  bool forced = false;
};

Server::Server(ServerOptions options, Handler& handler, const base::Clock& clock, const base::Log& log)
    : state_(std::make_unique<State>(std::move(options), handler, clock, log)) {}

Server::~Server() {
  for (auto& worker : state_->workers) {
    worker->local.io().stop();
    if (worker->thread.joinable()) worker->thread.join();
  }
}

namespace {
/// What a container or taskset leaves us, not what the machine has.
unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}
}  // namespace

base::Result<void> Server::listen() {
  State& state = *state_;
  ServerOptions& options = state.shared.options;
  std::string text = options.address;
  if (text == "localhost" || text.empty()) text = "127.0.0.1";
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  ErrorCode ec;
  const asio::ip::address address = asio::ip::make_address(text, ec);
  if (ec) {
    return base::Error(base::Errc::invalid_argument,
                       "\"" + base::printable(options.address) + "\" is not an address to listen on");
  }
  const unsigned cores = options.cores == 0 ? usable_cores() : options.cores;
  std::uint16_t port = options.port;
  for (unsigned i = 0; i < cores; ++i) {
    const auto descriptor = open_listener(address, port, i == 0);
    if (!descriptor) {
      state.workers.clear();
      return descriptor.error();
    }
    auto worker = std::make_unique<Worker>(i, state.shared, state.clock, state.log, state.tls);
    worker->listener->assign(address.is_v6() ? Tcp::v6() : Tcp::v4(), *descriptor);
    if (i == 0 && port == 0) {
      sockaddr_storage bound{};
      socklen_t size = sizeof bound;
      ::getsockname(*descriptor, reinterpret_cast<sockaddr*>(&bound), &size);
      port = ntohs(address.is_v6() ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                   : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
    }
    state.workers.push_back(std::move(worker));
  }
  // From the moment that others can connect, a signal is an order and not an end.
  state.signals = std::make_unique<asio::signal_set>(state.main, SIGTERM, SIGINT, SIGHUP);
  state.port = port;
  state.shared.hosts = HostRules(address.to_string(), port, options.hosts);
  return {};
}

std::uint16_t Server::port() const noexcept { return state_->port; }
bool Server::draining() const noexcept { return state_->draining.load(); }

Server::Load Server::load() const noexcept {
  Load load;
  load.requests = state_->shared.requests.load(std::memory_order_relaxed);
  load.connections = state_->shared.connections.load(std::memory_order_relaxed);
  load.internal_errors = state_->shared.internal_errors.load(std::memory_order_relaxed);
  for (const auto& worker : state_->workers) {
    const UpstreamLoad one = worker->local.upstream().load();
    load.upstream.open += one.open;
    load.upstream.idle += one.idle;
    load.upstream.reused += one.reused;
    load.upstream.dialled += one.dialled;
  }
  return load;
}

void Server::drain(std::chrono::milliseconds limit) {
  asio::post(state_->main, [state = state_.get(), limit] { state->begin_drain(limit); });
}

void Server::set_background(const char* name, Background& work) {
  state_->background = &work;
  state_->background_name = name;
}

void Server::run(std::function<void()> on_hangup, std::function<void()> on_tick) {
  State& state = *state_;
  std::signal(SIGPIPE, SIG_IGN);
  state.on_hangup = std::move(on_hangup);
  state.on_tick = std::move(on_tick);
  state.ticks = std::make_unique<Timer>(state.main.get_executor());
  state.checks = std::make_unique<Timer>(state.main.get_executor());
  if (state.background != nullptr && !state.workers.empty()) {
    LocalCore& first = state.workers.front()->local;
    first.spawn(state.background_name, state.background->run(first));
  }
  for (auto& worker : state.workers) worker->thread = std::thread([w = worker.get()] { w->run(); });
  state.await_signal();
  state.tick();
  state.main.run();
  for (auto& worker : state.workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  state.signals.reset();
  state.ticks.reset();
  state.checks.reset();
}

void Server::State::guarded(const char* what, const std::function<void()>& callback) {
  if (!callback) return;
  try {
    callback();
  } catch (const std::exception&) {
    log.error("callback_failed",
              {{"callback", what}, {"exception", exception_type(std::current_exception())}});
  }
}

void Server::State::await_signal() {
  signals->async_wait([this](const ErrorCode& ec, int number) {
    if (ec) return;
    if (number == SIGHUP) {
      guarded("hangup", on_hangup);
    } else if (draining) {
      log.warn("stopping_at_once");
      end();
      return;
    } else {
      begin_drain(signal_drain);
    }
    await_signal();
  });
}

void Server::State::tick() {
  ticks->expires_after(std::chrono::seconds{1});
  ticks->async_wait([this](const ErrorCode& ec) {
    if (ec) return;
    guarded("tick", on_tick);
    tick();
  });
}

void Server::State::begin_drain(std::chrono::milliseconds limit) {
  if (draining.exchange(true)) return;
  drain_until = clock.steady() + limit;
  log.info("draining", {{"requests", shared.requests.load()}, {"connections", shared.connections.load()}});
  for (auto& worker : workers) {
    asio::post(worker->local.io(), [w = worker.get()] {
      w->home.draining = true;
      w->listener->stop();
      w->local.upstream().drop_idle();
      for (Connection* at = w->home.first; at != nullptr; at = at->next()) at->close_if_idle();
    });
  }
  check_drained();
}

void Server::State::check_drained() {
  checks->expires_after(drain_check);
  checks->async_wait([this](const ErrorCode& ec) {
    if (ec) return;
    const bool over = clock.steady() >= drain_until;
    if (shared.connections.load() == 0 || (over && forced)) {
      end();
      return;
    }
    if (over) force();
    check_drained();
  });
}

void Server::State::force() {
  forced = true;
  drain_until = clock.steady() + last_second;
  log.warn("drain_limit_reached", {{"requests", shared.requests.load()}});
  for (auto& worker : workers) {
    asio::post(worker->local.io(), [w = worker.get()] {
      for (Connection* at = w->home.first; at != nullptr; at = at->next()) at->force_close();
      w->local.sweeper().fire_all();
    });
  }
}

void Server::State::end() {
  for (auto& worker : workers) worker->local.io().stop();
  main.stop();
}

}  // namespace freellmapi::net
