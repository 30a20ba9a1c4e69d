// What must not be let in, over a real socket: threats 2 and 19 to 22.
#include <gtest/gtest.h>

#include "support/test_server.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Sends the bytes, expects the status and the end of the connection; gives out the answer.
RawAnswer refused(TestServer& server, const std::string& bytes, int status) {
  RawSocket client = server.connect();
  // What follows a refused message must never be taken for a request.
  client.send(bytes + server.request("GET /hello"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, status) << bytes;
  EXPECT_TRUE(answer.has("Connection: close")) << bytes;
  EXPECT_TRUE(answer.has("Content-Type: application/json")) << bytes;
  EXPECT_TRUE(client.ends_within(seconds{10})) << bytes;
  EXPECT_TRUE(client.held.empty()) << client.held;
  return answer;
}

TEST(Framing, RefusesEveryUntrustworthyHeadAndReadsNothingBehindIt) {
  TestServer server;
  const auto post = [&](const std::string& fields) {
    return server.request("POST /echo", fields, "0\r\n\r\n");
  };
  const std::string host = "Host: localhost:" + std::to_string(server.port()) + "\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::vector<std::string> cases = {
      post("Content-Length: 5\r\n" + chunked),
      post(chunked + "Content-Length: 5\r\n"),
      post(chunked + chunked),
      post("Transfer-Encoding: gzip, chunked\r\n"),
      post("Transfer-Encoding: chunked, identity\r\n"),
      post("Transfer-Encoding: gzip\r\n"),
      post("Transfer-Encoding: xchunked\r\n"),
      post("Transfer-Encoding: \"chunked\"\r\n"),
      post("Transfer-Encoding:\r\n"),
      "POST /echo HTTP/1.0\r\n" + host + chunked + "\r\n0\r\n\r\n",
      post("Content-Length: 5, 5\r\n"),
      post("Content-Length: 5\r\nContent-Length: 5\r\n"),
      post("Content-Length: 5\r\nContent-Length: 6\r\n"),
      post("Content-Length: +5\r\n"),
      post("Content-Length: -5\r\n"),
      post("Content-Length: 0x5\r\n"),
      post("Content-Length: 5 5\r\n"),
      post("Content-Length:\r\n"),
      post("Content-Length: 18446744073709551621\r\n"),
      post("X-A: b\x01\r\n"),
      post(std::string("X-A: b\0c\r\n", 10)),
      post("X-A: b\rc\r\n"),
      post("X-A: b\nX-B: c\r\n"),
      post("X-A: b\r\n folded\r\n"),
      post("X-A : b\r\n"),
      post(" X-A: b\r\n"),
      post(": b\r\n"),
      post("no colon\r\n"),
      post("X(A): b\r\n"),
      post("X-A: b\x7f\r\n"),
      post(host),
      "GET /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost:\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost:99999\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost:x\r\n\r\n",
      "GET  /hello HTTP/1.1\r\n" + host + "\r\n",
      "GET /hello  HTTP/1.1\r\n" + host + "\r\n",
      "GET /hello\r\n" + host + "\r\n",
      "GET /hello HTTP/1.2x\r\n" + host + "\r\n",
      "GET /hello http/1.1\r\n" + host + "\r\n",
      "GET /hello HTTP/1.1 \r\n" + host + "\r\n",
      "GET /hel\tlo HTTP/1.1\r\n" + host + "\r\n",
      "GET hello HTTP/1.1\r\n" + host + "\r\n",
      "GET * HTTP/1.1\r\n" + host + "\r\n",
      "\r\n\r\nGET /hello HTTP/1.1\r\n" + host + "\r\n",
      " GET /hello HTTP/1.1\r\n" + host + "\r\n",
      "\x16\x03\x01\x02",
  };
  for (const std::string& bytes : cases) refused(server, bytes, 400);
}

TEST(Framing, SaysWhatIsWrongInOpenAisShape) {
  TestServer server;
  const RawAnswer answer = refused(server, server.request("POST /echo", "Content-Length: x\r\n"), 400);
  EXPECT_EQ(
      answer.body.find(
          R"({"error":{"message":"Content-Length must be one decimal number, and never beside Transfer-Encoding",)"
          R"("type":"invalid_request_error","param":null,"code":"bad_framing"},"request_id":"req_)"),
      0U)
      << answer.body;
}

TEST(Framing, RefusesBadChunks) {
  TestServer server;
  const std::string long_extension = "5;" + std::string(1100, 'a') + "\r\nhello\r\n0\r\n\r\n";
  const std::string long_trailers = "0\r\nX: " + std::string(9000, 'a') + "\r\n\r\n";
  const std::vector<std::string> cases = {"0x5\r\nhello\r\n0\r\n\r\n",
                                          "+5\r\nhello\r\n0\r\n\r\n",
                                          "5_0\r\nhello\r\n0\r\n\r\n",
                                          "5\nhello\r\n0\r\n\r\n",
                                          "5\r\nhello0\r\n\r\n",
                                          "5\r\nhelloo\r\n0\r\n\r\n",
                                          "\r\nhello\r\n0\r\n\r\n",
                                          " 5\r\nhello\r\n0\r\n\r\n",
                                          "5 \r\nhello\r\n0\r\n\r\n",
                                          ";a\r\nhello\r\n0\r\n\r\n",
                                          "5;a\x01\r\nhello\r\n0\r\n\r\n",
                                          "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                                          "5\r\nhello\r\n0\r\nX\r\n\r\n",
                                          "5\r\nhello\r\n0\r\n X: y\r\n\r\n",
                                          "5\r\nhello\r\n0\r\n\rX",
                                          long_extension,
                                          long_trailers};
  for (const std::string& body : cases) {
    RawSocket client = server.connect();
    client.send(server.request("POST /echo", "Transfer-Encoding: chunked\r\n", body) +
                server.request("GET /hello"));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400) << body.substr(0, 40);
    EXPECT_EQ(answer.body.substr(0, 11), "bad_framing");
    EXPECT_TRUE(client.ends_within(seconds{10})) << body.substr(0, 40);
    EXPECT_TRUE(client.held.empty());
  }
}

TEST(Framing, RefusesOtherVersionsWith505) {
  TestServer server;
  refused(server, "PRI * HTTP/2.0\r\nHost: x\r\n\r\n", 505);
  refused(server, "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505);
}

TEST(Framing, NeverTunnelsOrEchoes) {
  TestServer server;
  for (const char* line : {"CONNECT a.example:443", "TRACE /hello"}) {
    EXPECT_TRUE(refused(server, server.request(line), 405).has("Allow: GET, HEAD, POST")) << line;
  }
  refused(server, server.request("BREW /hello"), 501);
  refused(server, server.request("get /hello"), 501);
  RawSocket client = server.connect();
  client.send(server.request("GET /hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Framing, RefusesPathsThatWouldNeedNormalising) {
  TestServer server;
  for (const char* path :
       {"/a/../b", "/a/./b", "/..", "/.", "/a/%2e%2e/b", "/a/%2E./b", "/a/..%2fb", "/a%2F.%2Fb", "/a%5cb",
        "/a%00b", "/a%0ab", "/a\\b", "//a", "/a//b", "/a%", "/a%4", "/a%zz", "/a#b", "/%7f"}) {
    const RawAnswer answer = refused(server, server.request(std::string("GET ") + path), 400);
    EXPECT_NE(answer.body.find("bad_path"), std::string::npos) << path;
  }
  RawSocket client = server.connect();
  client.send(server.request("GET /where%20now/..x/x../...?q=/../%2f"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Framing, AnswersOnlyForHostsItKnows) {
  ServerOptions options;
  options.hosts = {"box.lan", "llm.example:8443"};
  TestServer server(options);
  const std::string port = std::to_string(server.port());
  const auto get = [&](const std::string& host, const std::string& target = "/hello") {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  };
  for (const std::string& host :
       {"127.0.0.1:" + port, "localhost:" + port, "LOCALHOST:" + port, "[::1]:" + port,
        std::string("box.lan"), std::string("box.lan:99"), std::string("llm.example:8443")}) {
    RawSocket client = server.connect();
    client.send(get(host));
    EXPECT_EQ(client.read_answer().status, 200) << host;
  }
  for (const std::string& host :
       {std::string("evil.example"), "evil.example:" + port, std::string("localhost"),
        std::string("localhost:1"), "127.0.0.1.evil.example:" + port, std::string("llm.example"),
        "localhost.:" + port, "169.254.169.254:" + port}) {
    const RawAnswer answer = refused(server, get(host), 421);
    EXPECT_NE(answer.body.find("host_not_allowed"), std::string::npos) << host;
  }
  const std::string good = "localhost:" + port;
  RawSocket client = server.connect();
  client.send(get(good, "http://" + good + "/where?x"));
  EXPECT_EQ(client.read_answer().body, "/where|x|127.0.0.1");
  refused(server, get(good, "http://evil.example/hello"), 421);
  refused(server, get("evil.example", "http://" + good + "/hello"), 421);
  refused(server, get(good, "http://user@" + good + "/hello"), 400);
}

TEST(Framing, RefusesUnknownExpectations) {
  TestServer server;
  refused(server, server.request("POST /echo", "Expect: 200-ok\r\nContent-Length: 1\r\n"), 417);
}

TEST(Limits, OnTheTargetTheHeadAndTheFields) {
  TestServer server;
  refused(server, server.request("GET /" + std::string(9000, 'a')), 414);
  refused(server, server.request("GET /hello", "X: " + std::string(40'000, 'a') + "\r\n"), 431);
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  refused(server, server.request("GET /hello", many), 431);
  RawSocket client = server.connect();
  client.send("GET /" + std::string(20'000, 'a'));  // no line end needed to see that it is too long
  EXPECT_EQ(client.read_answer().status, 414);
}

TEST(Limits, OnTheTimeForAHead) {
  ServerOptions options;
  options.limits.head = milliseconds{150};
  TestServer server(options);
  RawSocket begun = server.connect();
  RawSocket silent = server.connect();
  begun.send("GET /hello HTTP/1.1\r\nHost: ");
  EXPECT_EQ(begun.read_answer().status, 408);
  EXPECT_TRUE(silent.ends_within(seconds{10}));
  EXPECT_TRUE(silent.held.empty());
}

TEST(Limits, OnDripsThatWouldKeepAHeadAliveForever) {
  ServerOptions options;
  options.limits.head = milliseconds{200};
  TestServer server(options);
  RawSocket client = server.connect();
  client.send("GET /hello HTTP/1.1\r\n");
  for (int i = 0; i < 20; ++i) {
    client.send("X: y\r\n");
    if (client.receive(milliseconds{40})) break;
  }
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(Limits, OnIdleConnections) {
  ServerOptions options;
  options.limits.idle = milliseconds{150};
  TestServer server(options);
  RawSocket client = server.connect();
  client.send(server.request("GET /hello"));
  client.read_answer();
  EXPECT_TRUE(client.ends_within(seconds{10}));
  EXPECT_TRUE(client.held.empty());
}

}  // namespace
}  // namespace freellmapi::net::testing
