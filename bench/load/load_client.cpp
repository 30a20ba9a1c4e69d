// Sends chat completions over keep-alive connections, each as soon as the last one is answered, and prints
// one line of JSON: requests, errors, latencies; for streams the lag of each event, from the sending time
// inside it.
//   load_client --port 3001 --connections 16 --seconds 2
//   load_client --port 3001 --connections 100 --stream --chunks 100
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <deque>
#include <string>
#include <vector>

#include "answer_reader.hpp"
#include "figures.hpp"
#include "wire.hpp"

namespace freellmapi::bench {
namespace {

struct Options {
  std::uint16_t port = 3001;
  unsigned connections = 1, models = 1, chunks = 0;
  double seconds = 1, warm_up = 0.1, rate = 0, hold = 0;
  std::uint64_t requests = 0;  // 0: by time
  std::size_t body_bytes = 700;
  bool stream = false;
  std::string model = "auto", key = "freellmapi-bench", path = "/v1/chat/completions";
};

// A conversation of about that many bytes with an escape every twenty characters, as code has.
std::string body_of(const Options& options, const std::string& model) {
  std::string body =
      "{\"model\":\"" + model + "\"," + (options.stream ? "\"stream\":true," : "") +
      R"("temperature":0.2,"max_tokens":256,"messages":[{"role":"system","content":"You are a careful engineer."})";
  constexpr std::string_view text = R"(int main() { return \"answer\"[0]; }\n\t// na\u00efve)";
  const std::string open = R"(,{"role":"user","content":")";
  while (true) {
    body += open;
    for (std::size_t begin = body.size();
         body.size() < begin + 2'400 && body.size() + text.size() < options.body_bytes;)
      body += text;
    body += "\"}";
    if (body.size() + 100 > options.body_bytes) return body + "]}";
    body += R"(,{"role":"assistant","content":"Done."})";
  }
}

std::string request_of(const Options& options, const std::string& model) {
  const std::string body = body_of(options, model);
  return "POST " + options.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) +
         "\r\nAuthorization: Bearer " + options.key +
         "\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: "
         "bench\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Connection {
  int socket = -1;
  Outbox out;
  AnswerReader reader;
  std::uint64_t sent_at = 0;
  unsigned chunks = 0;
  bool busy = false;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < options.models; ++i) {
      requests_.push_back(
          request_of(options, options.models == 1 ? options.model : options.model + std::to_string(i)));
    }
    for (unsigned i = 0; i < options.connections; ++i) {
      Connection& c = connections_.emplace_back();
      c.socket = connect_to(options.port);
      epoll_event e{};
      e.events = EPOLLIN | EPOLLOUT | EPOLLET;
      e.data.u32 = i;
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, c.socket, &e);
    }
  }

  void run() {
    const std::uint64_t begun = now_ns();
    const auto after = [begun](double seconds) { return begun + static_cast<std::uint64_t>(seconds * 1e9); };
    measure_from_ = options_.requests > 0 || options_.stream ? begun : after(options_.warm_up);
    const std::uint64_t over_at = after(options_.warm_up + options_.seconds),
                        patience_ends = over_at + 10'000'000'000U;
    next_at_ = begun;
    for (Connection& c : connections_) send(c);
    std::array<epoll_event, 256> events{};
    while (busy_ > 0 && now_ns() < patience_ends) {
      const int n = ::epoll_wait(poll_, events.data(), events.size(), 1'000);
      for (int i = 0; i < n; ++i) handle(connections_[events[static_cast<std::size_t>(i)].data.u32]);
      if (options_.requests == 0 && now_ns() >= over_at) over_ = true;
    }
    errors_ += busy_;  // never answered
    seconds_ = static_cast<double>(now_ns() - measure_from_) / 1e9;
    if (options_.hold > 0) ::usleep(static_cast<useconds_t>(options_.hold * 1e6));
  }

  void print() {
    std::printf(
        "{\"requests\":%llu,\"measured\":%zu,\"errors\":%llu,\"seconds\":%.4f,\"rate\":%.1f,\"hops\":%llu",
        static_cast<unsigned long long>(answered_), latency_.count(),
        static_cast<unsigned long long>(errors_), seconds_, static_cast<double>(latency_.count()) / seconds_,
        static_cast<unsigned long long>(hops_));
    if (options_.stream) {
      std::printf(",\"chunks\":%zu,\"streams_whole\":%llu%s", lag_.count(),
                  static_cast<unsigned long long>(whole_streams_), lag_.json("lag").c_str());
    }
    std::printf("%s}\n", latency_.json("latency").c_str());
  }

 private:
  void send(Connection& c) {
    if (options_.rate > 0) keep_pace();
    c.sent_at = now_ns();
    c.chunks = 0;
    c.busy = true;
    ++busy_;
    ++sent_;
    if (!c.out.send(c.socket, requests_[sent_ % requests_.size()])) lose(c);
  }

  // The rate belongs to all connections together, and there is one of them then. What was held up is made
  // up for at once, so that an hour holds its requests even if the machine stood still for moments of it.
  void keep_pace() {
    constexpr std::uint64_t made_up = 60'000'000'000;  // at most, in ns
    const std::uint64_t now = now_ns(), period = static_cast<std::uint64_t>(1e9 / options_.rate);
    next_at_ = std::max(next_at_ + period, now - std::min(now, made_up));
    timespec at{};
    at.tv_sec = static_cast<time_t>(next_at_ / 1'000'000'000U);
    at.tv_nsec = static_cast<long>(next_at_ % 1'000'000'000U);
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
  }

  void lose(Connection& c) {
    if (!c.busy) return;
    ::close(c.socket);
    c.socket = -1;
    c.busy = false;
    --busy_;
    ++errors_;
  }

  void handle(Connection& c) {
    if (c.socket < 0) return;
    if (!c.out.flush(c.socket)) return lose(c);
    while (c.socket >= 0) {
      const ssize_t n = ::recv(c.socket, buffer_.data(), buffer_.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return lose(c);
      take(c, {buffer_.data(), static_cast<std::size_t>(n)});
      if (static_cast<std::size_t>(n) < buffer_.size()) return;  // more would be a new edge
    }
  }

  void take(Connection& c, std::string_view bytes) {
    const std::uint64_t at = now_ns();
    const auto state = c.reader.feed(bytes, at, [&](std::uint64_t lag) {
      ++c.chunks;
      lag_.add(lag);
    });
    if (state == AnswerReader::State::going) return;
    if (state == AnswerReader::State::broken || !c.busy) return lose(c);
    c.busy = false;
    --busy_;
    ++answered_;
    hops_ += c.reader.hops();
    if (c.reader.status() != 200) ++errors_;
    if (at >= measure_from_) latency_.add(at - c.sent_at);
    if (options_.stream) {
      if (c.chunks == options_.chunks && c.reader.done_mark()) ++whole_streams_;
      return;  // one stream for each connection
    }
    if (options_.requests > 0 ? sent_ < options_.requests : !over_) send(c);
  }

  const Options options_;
  const int poll_;
  std::vector<std::string> requests_;
  std::deque<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  Figures latency_, lag_;
  std::uint64_t measure_from_ = 0, next_at_ = 0, sent_ = 0, answered_ = 0, errors_ = 0, hops_ = 0,
                whole_streams_ = 0;
  std::size_t busy_ = 0;
  double seconds_ = 0;
  bool over_ = false;
};

}  // namespace
}  // namespace freellmapi::bench

int main(int argc, char** argv) {
  freellmapi::bench::Options options;
  CLI::App app{"Chat completions in a closed loop."};
  app.add_option("--port", options.port, "on 127.0.0.1");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 16'384));
  app.add_option("--seconds", options.seconds,
                 "how long, after the warm-up; for streams the patience with them");
  app.add_option("--warm-up", options.warm_up, "seconds before the first sample");
  app.add_option("--requests", options.requests, "so many, in place of --seconds");
  app.add_option("--body-bytes", options.body_bytes, "size of a request's body");
  app.add_flag("--stream", options.stream, "one stream for each connection");
  app.add_option("--chunks", options.chunks, "events that a whole stream has");
  app.add_option("--rate", options.rate, "requests a second, for one connection; 0: at once");
  app.add_option("--hold", options.hold, "seconds for which the idle connections stay open afterwards");
  app.add_option("--model", options.model);
  app.add_option("--models", options.models, "so many models in turn: the model's name and a number")
      ->check(CLI::Range(1, 4'096));
  app.add_option("--key", options.key);
  app.add_option("--path", options.path);
  CLI11_PARSE(app, argc, argv);
  if (options.rate > 0 && options.connections != 1) freellmapi::bench::stop("--rate is for one connection");
  freellmapi::bench::Load load(options);
  load.run();
  load.print();
}
