// Connections and the process: caps, drains, exhaustion.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "net/loop.hpp"
#include "support/test_server.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Makes servers that answer nobody, for what is about the process alone.
class Bare : public ::testing::Test {
 protected:
  Bare() {
    options.port = 0;
    options.cores = 1;
  }
  Server server() { return {options, nobody, clock, log}; }

  class Nobody final : public Handler {
    Task<void> handle(Exchange&, Core&) override { co_return; }
  };
  base::SystemClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::error};
  Nobody nobody;
  ServerOptions options;
};
using Listening = Bare;
using Signals = Bare;

TEST_F(Listening, SaysThatThePortIsInUse) {
  TestServer first;
  options.port = first.port();
  Server second = server();
  const auto listening = second.listen();
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, base::Errc::already_exists);
  EXPECT_NE(listening.error().message.find("in use"), std::string::npos);

  options.address = "203.0.113.7";
  Server elsewhere = server();
  EXPECT_EQ(elsewhere.listen().error().code, base::Errc::invalid_argument);
  options.address = "not an address";
  Server nowhere = server();
  EXPECT_EQ(nowhere.listen().error().code, base::Errc::invalid_argument);
}

TEST_F(Listening, WorksOnIpv6Too) {
  options.address = "::1";
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (probe < 0) GTEST_SKIP() << "no IPv6 here";
  ::close(probe);
  TestServer server(options);
  EXPECT_NE(server.port(), 0);
}

TEST(Connections, OverTheCapAreAnswered503) {
  ServerOptions options;
  options.limits.connections = 3;
  TestServer server(options);
  std::vector<RawSocket> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(server.connect());
    open.back().send(server.request("GET /hello"));
    EXPECT_EQ(open.back().read_answer().status, 200);
  }
  RawSocket fourth = server.connect();
  const RawAnswer answer = fourth.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("too_many_connections"), std::string::npos);
  EXPECT_TRUE(fourth.ends_within(seconds{10}));
  open.clear();
  EXPECT_TRUE(eventually([&] { return server.server().load().connections == 0; }));
  RawSocket later = server.connect();
  later.send(server.request("GET /hello"));
  EXPECT_EQ(later.read_answer().status, 200);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they count in their own way
/// What each of a crowd of connections holds, once `request` has been sent and, if it is `answered`,
/// answered.
void expect_to_hold_at_most(std::size_t bytes, std::string_view request, bool answered) {
  constexpr std::size_t crowd = 100;
  TestServer server;
  std::vector<RawSocket> open;
  open.reserve(crowd + 1);
  const auto come = [&] {
    open.push_back(server.connect());
    open.back().send(server.request(std::string(request)));
    if (answered) {
      EXPECT_EQ(open.back().read_answer().status, 200);
    }
  };
  come();
  const std::size_t before = ::mallinfo2().uordblks;
  while (open.size() <= crowd) come();
  EXPECT_TRUE(eventually([&] { return server.server().load().connections == open.size(); }));
  EXPECT_TRUE(eventually([&] {
    const std::size_t now = ::mallinfo2().uordblks;
    return now < before || (now - before) / crowd <= bytes;
  })) << (::mallinfo2().uordblks - before) / crowd
      << " bytes each";
  if (!answered) return;
  open.front().send(server.request("GET /hello"));
  EXPECT_EQ(open.front().read_answer().status, 200);
}

TEST(Connections, HoldLittleWhileTheyAreIdle) { expect_to_hold_at_most(4800, "GET /hello", true); }
TEST(Connections, HoldLittleWhileTheirAnswerIsMade) { expect_to_hold_at_most(5600, "GET /wait", false); }
#endif

TEST(Connections, AreAcceptedAgainAfterTheDescriptorsRanOut) {
  ServerOptions options;
  options.cores = 1;
  TestServer server(options);
  RawSocket before = server.connect();
  before.send(server.request("GET /hello"));
  EXPECT_EQ(before.read_answer().status, 200);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit low{256, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  std::vector<int> fillers;
  for (int descriptor = ::open("/dev/null", O_RDONLY); descriptor >= 0;
       descriptor = ::open("/dev/null", O_RDONLY)) {
    fillers.push_back(descriptor);
  }
  ::close(fillers.back());  // for the client's side; the server's own side finds none
  fillers.pop_back();
  RawSocket refused = server.connect();
  const RawAnswer answer = refused.read_answer();
  EXPECT_EQ(answer.status, 503);  // by the descriptor in reserve
  before.send(server.request("GET /hello"));
  EXPECT_EQ(before.read_answer().status, 200);
  for (const int descriptor : fillers) ::close(descriptor);
  ::setrlimit(RLIMIT_NOFILE, &old);
  RawSocket after = server.connect();
  after.send(server.request("GET /hello"));
  EXPECT_EQ(after.read_answer().status, 200);
}

TEST(Drain, EndsIdleConnectionsAtOnceAndLetsRequestsFinish) {
  TestServer server;
  RawSocket idle = server.connect();
  idle.send(server.request("GET /hello"));
  idle.read_answer();
  RawSocket fresh = server.connect();
  RawSocket busy = server.connect();
  busy.send(server.request("GET /wait"));
  ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
  server.server().drain(seconds{20});
  EXPECT_TRUE(idle.ends_within(seconds{10}));
  EXPECT_TRUE(eventually([&] { return server.server().draining(); }));
  EXPECT_FALSE(server.ended());
  RawSocket late = RawSocket::connect(server.port());
  EXPECT_TRUE(late.descriptor() < 0 || late.ends_within(seconds{10}));
  server.happenings().release = true;
  const RawAnswer answer = busy.read_answer();
  EXPECT_EQ(answer.body, "waited");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(eventually([&] { return server.ended(); }));
}

TEST(Drain, CutsWhatGoesOnPastTheLimit) {
  TestServer server;
  RawSocket busy = server.connect();
  busy.send(server.request("GET /drip"));
  ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
  server.server().drain(milliseconds{100});
  EXPECT_TRUE(eventually([&] { return server.ended(); }));
  EXPECT_FALSE(busy.read_answer().whole);
  EXPECT_EQ(server.happenings().gone, 1);
}

TEST_F(Signals, TerminateDrains) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /hello"));
  client.read_answer();
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return server.ended(); }));
}

TEST_F(Signals, ThatComeBetweenListeningAndRunningAreObeyedAndEndNothing) {
  Server bare = server();
  ASSERT_TRUE(bare.listen());
  ::kill(::getpid(), SIGTERM);
  bare.run({}, {});
  EXPECT_TRUE(bare.draining());
}

TEST_F(Signals, HangupAndTicksReachTheirCallbacks) {
  Server bare = server();
  ASSERT_TRUE(bare.listen());
  std::atomic<int> hangups{0}, ticks{0};
  std::thread thread([&] {
    bare.run(
        [&] {
          ++hangups;
          throw std::runtime_error("a callback that throws");
        },
        [&] { ++ticks; });
  });
  EXPECT_TRUE(eventually([&] { return ticks > 0; }));
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(eventually([&] { return hangups == 1; }));
  bare.drain(milliseconds{100});
  thread.join();
}

Task<void> sleep_and_throw(Core& core) {
  const base::Instant when = core.clock().steady() + milliseconds{60};
  co_await core.sleep_until(when);
  EXPECT_GE(core.clock().steady(), when);
  throw std::out_of_range("its text stays here");
}

TEST(CoreAlone, RunsOneCoroutineAndTurnsItsExceptionIntoAnError) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  const auto ran = run_on_core(clock, log, UpstreamOptions(), sleep_and_throw);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().message, "failed with std::out_of_range");
}

}  // namespace
}  // namespace freellmapi::net::testing
