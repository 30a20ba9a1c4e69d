#include "support/test_server.hpp"

#include <fcntl.h>

#include <stdexcept>

namespace freellmapi::net::testing {

namespace {

using std::chrono::milliseconds;

int null_descriptor() {
  static const int descriptor = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  return descriptor;
}

class Watching final : public GoneWatcher {
 public:
  explicit Watching(Happenings& happenings) : happenings_(happenings) {}
  void client_gone() noexcept override { ++happenings_.gone; }

 private:
  Happenings& happenings_;
};

class TestHandler final : public Handler {
 public:
  explicit TestHandler(Happenings& happenings) : happenings_(happenings) {}

  Task<void> handle(Exchange& exchange, Core& core) override {
    const std::string_view path = exchange.head().path;
    if (path == "/echo" || path == "/count") {
      co_await echo(exchange, path == "/count");
    } else if (path == "/wait" || path == "/drip" || path == "/ping") {
      if (path == "/ping") exchange.keep_alive(": ping\n\n", milliseconds{20});
      co_await wait(exchange, core, path != "/wait");
    } else if (path == "/stream" || path == "/abort" || path == "/throw-late") {
      co_await stream(exchange, path);
    } else if (path == "/flood") {
      co_await flood(exchange);
    } else if (path == "/throw") {
      throw std::runtime_error("the secret text of an exception");
    } else if (path != "/silent") {
      co_await plain(exchange, path);
    }
  }

 private:
  Task<void> plain(Exchange& exchange, std::string_view path) {
    AnswerFields fields;
    fields.add("Content-Type", "text/plain");
    std::string body = "hello";
    int status = 200;
    if (path == "/where") {
      body = std::string(exchange.head().path) + "|" + std::string(exchange.head().query) + "|" +
             std::string(exchange.peer());
    } else if (path == "/empty") {
      status = 204;
    } else if (path == "/inject") {
      fields.add("X-Made", "a\r\nX-Injected: b");
    } else if (path == "/fields") {
      body.clear();
      for (const Field& field : exchange.head().fields) {
        body += std::string(field.name) + "=" + std::string(field.value) + "\n";
      }
    }
    co_await exchange.respond(status, fields, body);
  }

  Task<void> echo(Exchange& exchange, bool count) {
    const auto body = co_await exchange.read_body();
    AnswerFields fields;
    if (!body) {
      const BodyRefusal& refusal = exchange.refusal();
      const std::string text = std::string(refusal.code) + ": " + refusal.message;
      co_await exchange.respond(refusal.status, fields, text);
      co_return;
    }
    const std::string text = count ? std::to_string((*body)->size()) : **body;
    const bool spare = (*body)->capacity() - (*body)->size() >= 64;
    const int status = spare ? 200 : 500;
    co_await exchange.respond(status, fields, text);
  }

  Task<void> wait(Exchange& exchange, Core& core, bool streaming) {
    Watching watching(happenings_);
    AnswerFields fields;
    if (exchange.head().has_body) co_await exchange.read_body();
    exchange.watch(&watching);
    if (streaming) {
      exchange.start_stream(200, fields);
      co_await exchange.write("first");
    }
    ++happenings_.waiting;
    while (!happenings_.release && !exchange.gone()) {
      const base::Instant next = core.clock().steady() + milliseconds{10};
      co_await core.sleep_until(next);
    }
    --happenings_.waiting;
    if (streaming) {
      co_await exchange.write("last");
      co_await exchange.end_stream();
    } else {
      co_await exchange.respond(200, fields, "waited");
    }
    exchange.watch(nullptr);
  }

  Task<void> stream(Exchange& exchange, std::string_view path) {
    AnswerFields fields;
    fields.add("Content-Type", "text/event-stream");
    exchange.start_stream(200, fields);
    for (int i = 0; i < 3; ++i) {
      const std::string piece = "data: " + std::to_string(i) + "\n\n";
      co_await exchange.write(piece);
    }
    if (path == "/abort") {
      exchange.abort();
    } else if (path == "/throw-late") {
      throw std::runtime_error("late");
    } else {
      co_await exchange.end_stream();
    }
  }

  Task<void> flood(Exchange& exchange) {
    AnswerFields fields;
    exchange.start_stream(200, fields);
    const std::string piece(256 * 1024, 'x');
    for (int i = 0; i < 400; ++i) {
      const bool good = co_await exchange.write(piece);
      if (!good) {
        ++happenings_.write_failed;
        co_return;
      }
    }
    co_await exchange.end_stream();
  }

  Happenings& happenings_;
};

}  // namespace

TestServer::TestServer(ServerOptions options)
    : log_(clock_, base::LogFormat::text, base::Level::info, null_descriptor()),
      handler_(std::make_unique<TestHandler>(happenings_)) {
  options.port = 0;
  if (options.cores == 0) options.cores = 2;
  server_ = std::make_unique<Server>(std::move(options), *handler_, clock_, log_);
  if (const auto listening = server_->listen(); !listening)
    throw std::runtime_error(listening.error().text());
  thread_ = std::thread([this] {
    server_->run({}, {});
    ended_ = true;
  });
}

TestServer::~TestServer() {
  happenings_.release = true;
  server_->drain(milliseconds{200});
  thread_.join();
}

std::string TestServer::request(std::string_view line, std::string_view more, std::string_view body) const {
  std::string text(line);
  text += " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) + "\r\n";
  text += more;
  text += "\r\n";
  text += body;
  return text;
}

}  // namespace freellmapi::net::testing
