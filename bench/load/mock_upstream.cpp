// The provider at the far end of the bench: OpenAI's chat completions, as fast as one thread can. A request
// that says "stream":true gets server-sent events at a fixed pace, each with its sending time inside; any
// other gets one JSON answer at once. Under /full/ and /broken/ it answers 429 and 500, under /close/ it
// wants the connection closed; GET /stats tells how many TLS handshakes there were and how many resumed a
// session.
//   mock_upstream --port 4100 --chunks 100 --interval-us 20000 [--tls-port 4101 --certificate F --key F]
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "encrypted.hpp"
#include "wire.hpp"

namespace freellmapi::bench {
namespace {

constexpr std::size_t connections_most = 16'384;
constexpr std::size_t head_most = 16 * 1024;

std::string answer(std::string_view status, std::string_view fields, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nx-request-id: req_bench_0123456789\r\n" +
         std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string completion(const std::string& fields) {
  return answer(
      "200 OK", "x-ratelimit-limit-requests: 14400\r\nx-ratelimit-remaining-requests: 14370\r\n" + fields,
      R"({"id":"chatcmpl-bench-0001","object":"chat.completion","created":1760000000,"model":"bench","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":"A router stands between many clients and many providers. It takes one )"
      R"(request, finds the first model that may serve it, and gives the answer back in the form that was asked for. What )"
      R"(it adds should be too little to notice: that is what is measured here."},"logprobs":null,"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":160,"completion_tokens":58,"total_tokens":218},"system_fingerprint":"fp_bench"})");
}

std::string chunk(std::string_view event) {
  std::array<char, 24> size{};
  const int n = std::snprintf(size.data(), size.size(), "%zx\r\n", event.size());
  return std::string(size.data(), static_cast<std::size_t>(n)).append(event).append("\r\n");
}

std::string event(std::string_view delta, std::string_view finish, std::string_view more = {}) {
  return R"(data: {"id":"chatcmpl-bench-0001","object":"chat.completion.chunk","created":1760000000,"model":"bench",)"
         R"("system_fingerprint":"fp_bench","choices":[{"index":0,"delta":)" +
         std::string(delta) + R"(,"logprobs":null,"finish_reason":)" + std::string(finish) + "}]" +
         std::string(more) + "}\n\n";
}

struct Connection {
  int socket = -1;
  std::string head;
  std::uint64_t body_left = 0;
  bool stream = false, in_body = false;
  unsigned chunks_left = 0;
  Outbox out;
  std::unique_ptr<Encrypted> tls;  // null: plain
};

struct Options {
  std::uint16_t port = 4100, tls_port = 0;  // tls_port 0: none
  unsigned chunks = 100;
  std::uint64_t interval_us = 20'000;
  std::string certificate, key;
};

class Upstream {
 public:
  explicit Upstream(const Options& options)
      : chunks_(options.chunks),
        interval_ns_(options.interval_us * 1'000),
        listener_(listen_on(options.port)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_, EPOLLIN);
    if (options.tls_port == 0) return;
    tls_ = tls_context(options.certificate, options.key);
    tls_listener_ = listen_on(options.tls_port);
    watch(tls_listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events{};
    while (true) {
      timespec until_due{};
      const bool wait = sleep_for(until_due);
      const int n = ::epoll_pwait2(poll_, events.data(), events.size(), wait ? &until_due : nullptr, nullptr);
      for (int i = 0; i < n; ++i) handle(events[static_cast<std::size_t>(i)]);
      send_due();
    }
  }

 private:
  struct Due {
    std::uint64_t at;
    int socket;
    std::uint64_t stream;  // a socket's number may be used again
    bool operator>(const Due& other) const noexcept { return at > other.at; }
  };

  void watch(int socket, std::uint32_t what) {
    epoll_event e{};
    e.events = what;
    e.data.fd = socket;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &e);
  }

  void drop(int socket) {
    ::close(socket);
    streams_.erase(socket);
    connections_.erase(socket);
  }

  void handle(const epoll_event& e) {
    const int listener = e.data.fd;
    if (listener == listener_ || listener == tls_listener_) {
      for (int socket = accept_from(listener); socket >= 0; socket = accept_from(listener)) {
        if (connections_.size() >= connections_most) {
          ::close(socket);
          continue;
        }
        Connection& c = connections_[socket];
        c.socket = socket;
        if (listener == tls_listener_) c.tls = std::make_unique<Encrypted>(tls_.get());
        watch(socket, EPOLLIN | EPOLLOUT | EPOLLET);
      }
      return;
    }
    const auto found = connections_.find(e.data.fd);
    if (found == connections_.end()) return;
    Connection& c = found->second;
    if (!c.out.flush(c.socket) || !read_all(c)) drop(e.data.fd);
  }

  bool read_all(Connection& c) {
    while (true) {
      const ssize_t n = ::recv(c.socket, buffer_.data(), buffer_.size(), 0);
      if (n == 0) return false;
      if (n < 0) return errno == EAGAIN;
      const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(n));
      if (!(c.tls ? take_sealed(c, bytes) : take(c, bytes))) return false;
      if (static_cast<std::size_t>(n) < buffer_.size()) return true;  // more would be a new edge
    }
  }

  bool take_sealed(Connection& c, std::string_view wire) {
    std::string plain;
    const bool good = c.tls->take(wire, plain);
    if (const int handshake = c.tls->finished(); handshake > 0) {
      ++handshakes_;
      if (handshake == 2) ++resumed_;
    }
    return c.out.send(c.socket, c.tls->outgoing()) && good && take(c, plain);
  }

  bool send(Connection& c, std::string_view bytes) {
    if (!c.tls) return c.out.send(c.socket, bytes);
    return c.tls->write(bytes) && c.out.send(c.socket, c.tls->outgoing());
  }

  bool take(Connection& c, std::string_view bytes) {
    while (!bytes.empty()) {
      if (!c.in_body) {
        const std::size_t before = c.head.size();
        c.head += bytes;
        const std::size_t end = c.head.find("\r\n\r\n");
        if (end == std::string::npos) return c.head.size() < head_most;
        bytes.remove_prefix(end + 4 - before);
        c.head.resize(end + 4);
        std::int64_t length = number_in(field_of(c.head, "content-length"));
        if (c.head.starts_with("GET ")) length = 0;
        if (length < 0) return false;
        c.body_left = static_cast<std::uint64_t>(length);
        c.in_body = true;
        c.stream = false;
      }
      const std::string_view body = bytes.substr(0, c.body_left);
      if (body.find("\"stream\":true") != std::string_view::npos) c.stream = true;
      c.body_left -= body.size();
      bytes.remove_prefix(body.size());
      if (c.body_left == 0 && !respond(c)) return false;
    }
    return true;
  }

  bool respond(Connection& c) {
    const auto asked_for = [&c](const char* path) { return c.head.find(path) != std::string::npos; };
    const bool full = asked_for(" /full/"), broken = asked_for(" /broken/"), last = asked_for(" /close/"),
               stats = asked_for(" /stats ");
    c.head.clear();
    c.in_body = false;
    if (full) return send(c, full_);
    if (broken) return send(c, broken_);
    if (last) return send(c, last_);
    if (stats) {
      const std::string counted =
          "{\"handshakes\":" + std::to_string(handshakes_) + ",\"resumed\":" + std::to_string(resumed_) + "}";
      return send(c, answer("200 OK", "", counted));
    }
    if (!c.stream) return send(c, completion_);
    c.chunks_left = chunks_;
    // Phases spread by the golden ratio, so that streams which began together do not send together.
    const std::uint64_t phase = (++begun_ * 0x9E3779B97F4A7C15U >> 32) * interval_ns_ >> 32;
    streams_[c.socket] = begun_;
    due_.push({now_ns() + phase, c.socket, begun_});
    return send(c, stream_head_);
  }

  bool sleep_for(timespec& t) const {
    if (due_.empty()) return false;
    const std::uint64_t now = now_ns(), at = due_.top().at;
    const std::uint64_t left = at > now ? at - now : 0;
    t.tv_sec = static_cast<time_t>(left / 1'000'000'000U);
    t.tv_nsec = static_cast<long>(left % 1'000'000'000U);
    return true;
  }

  void send_due() {
    for (std::uint64_t now = now_ns(); !due_.empty() && due_.top().at <= now; now = now_ns()) {
      const Due due = due_.top();
      due_.pop();
      const auto stream = streams_.find(due.socket);
      if (stream == streams_.end() || stream->second != due.stream) continue;
      Connection& c = connections_[due.socket];
      if (c.chunks_left == 0) {
        streams_.erase(stream);
        if (!send(c, stream_end_)) drop(due.socket);
        continue;
      }
      --c.chunks_left;
      std::array<char, 80> delta{};
      std::snprintf(delta.data(), delta.size(), R"({"content":"@%020llu; a word or two "})",
                    static_cast<unsigned long long>(now));
      due_.push({due.at + interval_ns_, due.socket, due.stream});
      if (!send(c, chunk(event(delta.data(), "null")))) drop(due.socket);
    }
  }

  const unsigned chunks_;
  const std::uint64_t interval_ns_;
  const int listener_, poll_;
  int tls_listener_ = -1;
  std::unique_ptr<SSL_CTX, SslFree> tls_;
  std::uint64_t handshakes_ = 0, resumed_ = 0;
  const std::string completion_ = completion("");
  const std::string last_ = completion("Connection: close\r\n");
  const std::string full_ =
      answer("429 Too Many Requests", "retry-after: 0\r\n",
             R"({"error":{"message":"Rate limit reached.","type":"tokens","code":"rate_limit_exceeded"}})");
  const std::string broken_ =
      answer("500 Internal Server Error", "",
             R"({"error":{"message":"Internal error.","type":"server_error","code":null}})");
  const std::string stream_head_ =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n" +
      chunk(event(R"({"role":"assistant","content":""})", "null"));
  const std::string stream_end_ =
      chunk(event("{}", R"("stop")",
                  R"(,"usage":{"prompt_tokens":160,"completion_tokens":58,"total_tokens":218})")) +
      chunk("data: [DONE]\n\n") + "0\r\n\r\n";
  std::uint64_t begun_ = 0;
  std::map<int, Connection> connections_;
  std::map<int, std::uint64_t> streams_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

}  // namespace
}  // namespace freellmapi::bench

int main(int argc, char** argv) {
  freellmapi::bench::Options options;
  CLI::App app{"A provider that answers at once."};
  app.add_option("--port", options.port, "on 127.0.0.1");
  app.add_option("--chunks", options.chunks, "events of a stream");
  app.add_option("--interval-us", options.interval_us, "between two events of a stream");
  app.add_option("--tls-port", options.tls_port, "the same behind TLS");
  app.add_option("--certificate", options.certificate, "a PEM file");
  app.add_option("--key", options.key, "a PEM file");
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1'000UL);
  freellmapi::bench::Upstream(options).run();
}
