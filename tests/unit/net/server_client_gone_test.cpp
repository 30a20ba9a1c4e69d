// Clients that leave, close half, or do not read.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/test_server.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

class ClientLeaves : public ::testing::TestWithParam<const char*> {};

TEST_P(ClientLeaves, AndTheHandlerHearsOfItWithinASecond) {
  TestServer server;
  for (const bool by_reset : {true, false}) {
    // A busy machine may be late now and then, a slow server always is.
    Clock::duration best = Clock::duration::max();
    for (int i = 0; i < 5 && best >= seconds{1}; ++i) {
      const int before = server.happenings().gone;
      RawSocket client = server.connect();
      client.send(server.request(GetParam()));
      ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
      const auto left = Clock::now();
      if (by_reset) {
        client.reset();
      } else {
        client.close();
      }
      ASSERT_TRUE(eventually([&] { return server.happenings().gone == before + 1; })) << by_reset;
      best = std::min(best, Clock::now() - left);
      EXPECT_TRUE(eventually([&] { return server.server().load().connections == 0; }));
    }
    EXPECT_LT(best, seconds{1}) << by_reset;
  }
}

INSTANTIATE_TEST_SUITE_P(BeforeAndWithinAnAnswer, ClientLeaves, ::testing::Values("GET /wait", "GET /drip"));

TEST(ClientGone, IsSeenBehindAPipelinedRequest) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /wait") + server.request("GET /hello"));
  ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return server.happenings().gone == 1; }));
}

TEST(ClientGone, IsNotTrueOfAClientThatClosedItsHalf) {
  TestServer server;
  for (const char* path : {"GET /wait", "GET /drip"}) {
    server.happenings().release = false;
    RawSocket client = server.connect();
    client.send(server.request(path));
    client.half_close();
    ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
    std::this_thread::sleep_for(milliseconds{600});  // past the grace and several probes
    EXPECT_EQ(server.happenings().gone, 0);
    server.happenings().release = true;
    RawAnswer answer = client.read_answer();
    if (answer.status == 100) answer = client.read_answer();
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_TRUE(answer.whole) << path;
    EXPECT_EQ(answer.body, std::string(path) == "GET /wait" ? "waited" : "firstlast");
  }
}

TEST(ClientGone, HalfAClosedQuickRequestIsAnsweredWithNothingInBetween) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("POST /echo", "Content-Length: 2\r\n", "ok"));
  client.half_close();
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_TRUE(client.ends_within(seconds{10}));
}

TEST(ClientGone, ANewRequestIsWatchedAsTheOneBefore) {
  TestServer server;
  RawSocket client = server.connect();
  server.happenings().release = true;
  for (int i = 0; i < 3; ++i) {
    client.send(server.request("GET /wait"));
    EXPECT_EQ(client.read_answer().body, "waited");
  }
  server.happenings().release = false;
  client.send(server.request("GET /wait"));
  ASSERT_TRUE(eventually([&] { return server.happenings().waiting == 1; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return server.happenings().gone == 1; }));
}

TEST(ClientGone, WhenItDoesNotReadForTooLong) {
  ServerOptions options;
  options.limits.write_stall = milliseconds{200};
  TestServer server(options);
  RawSocket client = RawSocket::connect(server.port(), 8192);
  client.send(server.request("GET /flood"));
  EXPECT_TRUE(eventually([&] { return server.happenings().write_failed == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server().load().connections == 0; }));
}

TEST(ClientGone, InTheMiddleOfALongAnswerRaisesNoSignal) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /flood"));
  client.receive();
  client.reset();
  EXPECT_TRUE(eventually([&] { return server.happenings().write_failed == 1; }));
  RawSocket another = server.connect();
  another.send(server.request("GET /hello"));
  EXPECT_EQ(another.read_answer().status, 200);
}

TEST(ClientGone, ASlowReaderGetsEverything) {
  TestServer server;
  RawSocket client = RawSocket::connect(server.port(), 65536);
  client.send(server.request("GET /flood"));
  std::this_thread::sleep_for(milliseconds{100});
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body.size(), 400U * 256 * 1024);
}

TEST(ClientGone, OtherClientsDoNotNotice) {
  TestServer server;
  std::vector<RawSocket> stalled;
  for (int i = 0; i < 20; ++i) {
    stalled.push_back(RawSocket::connect(server.port(), 8192));
    stalled.back().send(server.request("GET /flood"));
  }
  RawSocket client = server.connect();
  const auto begun = Clock::now();
  for (int i = 0; i < 50; ++i) {
    client.send(server.request("GET /hello"));
    ASSERT_EQ(client.read_answer().status, 200);
  }
  EXPECT_LT(Clock::now() - begun, seconds{10});
}

TEST(KeepAlive, ASilentStreamIsKeptAliveWithCommentsBetweenTwoWrites) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /ping"));
  const std::string begin = client.read_until("5\r\nfirst\r\n8\r\n: ping\n\n\r\n8\r\n: ping\n\n\r\n");
  EXPECT_NE(begin.find("chunked"), std::string::npos);
  server.happenings().release = true;
  const std::string end = client.read_until("0\r\n\r\n");
  EXPECT_TRUE(end.ends_with("4\r\nlast\r\n0\r\n\r\n")) << end;
}

}  // namespace
}  // namespace freellmapi::net::testing
