// Bodies of requests, over a real socket.
#include <gtest/gtest.h>

#include "support/compress.hpp"
#include "support/test_server.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;

ServerOptions with_body_limit(std::size_t bytes) {
  ServerOptions options;
  options.limits.body_bytes = bytes;
  return options;
}

std::string length(std::size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

TEST(RequestBody, OfManyMegabytesArrivesWhole) {
  TestServer server;
  RawSocket client = server.connect();
  const std::string body(9'000'000, 'b');
  client.send(server.request("POST /count", length(body.size()), body) + server.request("GET /hello"));
  EXPECT_EQ(client.read_answer().body, "9000000");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(RequestBody, InChunksIsPutTogetherAndTrailersAreDropped) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(
      server.request("POST /echo", "Transfer-Encoding: chunked\r\n",
                     "5;ext=\"a\"\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nAuthorization: Bearer x\r\n\r\n"));
  EXPECT_EQ(client.read_answer().body, "hello world");
  client.send(server.request("GET /fields"));
  EXPECT_EQ(client.read_answer().body.find("authorization"), std::string::npos);
}

TEST(RequestBody, IsAskedForWithContinueOnlyWhenTheHandlerWantsIt) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("POST /echo", "Expect: 100-continue\r\n" + length(4)));
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "body");

  client.send(server.request("POST /hello", "Expect: 100-continue\r\n" + length(4)));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Connection: close"));
}

TEST(RequestBody, CompressedIsInflated) {
  TestServer server;
  RawSocket client = server.connect();
  const std::string text(100'000, 'z');
  struct Case {
    const char* coding;
    Wrapper wrapper;
  };
  for (const Case& c : {Case{"gzip", Wrapper::gzip}, Case{"x-gzip", Wrapper::gzip},
                        Case{"deflate", Wrapper::zlib}, Case{"deflate", Wrapper::raw}}) {
    const std::string packed = compress(text, c.wrapper);
    const std::string coding = std::string("Content-Encoding: ") + c.coding + "\r\n";
    client.send(server.request("POST /echo", coding + length(packed.size()), packed));
    EXPECT_EQ(client.read_answer().body, text) << c.coding;
  }
}

TEST(RequestBody, ThatInflatesBeyondTheLimitIsTooLarge) {
  TestServer server(with_body_limit(1'000'000));
  RawSocket client = server.connect();
  const std::string packed = compress(std::string(50'000'000, 0), Wrapper::gzip);
  client.send(server.request("POST /count", "Content-Encoding: gzip\r\n" + length(packed.size()), packed));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body.substr(0, 17), "request_too_large");
}

TEST(RequestBody, DamagedCutOrOfUnknownEncodingIs415) {
  TestServer server;
  const std::string packed = compress("some text that is long enough to be cut", Wrapper::gzip);
  std::string damaged = packed;
  damaged[damaged.size() / 2] ^= 0x55;
  struct Case {
    const char* coding;
    std::string body;
  };
  const std::vector<Case> cases = {{"br", "xx"},
                                   {"gzip, gzip", packed},
                                   {"gzip", "this is not gzip"},
                                   {"gzip", damaged},
                                   {"gzip", packed.substr(0, packed.size() - 9)},
                                   {"gzip", packed + "more"}};
  for (const Case& c : cases) {
    RawSocket client = server.connect();
    const std::string coding = std::string("Content-Encoding: ") + c.coding + "\r\n";
    client.send(server.request("POST /count", coding + length(c.body.size()), c.body));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 415) << c.coding;
    EXPECT_TRUE(answer.has("Connection: close"));
  }
}

TEST(RequestBody, DeclaredTooLargeIsRefusedFromTheHead) {
  TestServer server(with_body_limit(1000));
  RawSocket client = server.connect();
  client.send(server.request("POST /count", "Expect: 100-continue\r\nContent-Length: 10000000000\r\n"));
  EXPECT_EQ(client.read_answer().status, 413);  // and no 100 before it
  RawSocket exact = server.connect();
  exact.send(server.request("POST /count", length(1000), std::string(1000, 'a')));
  EXPECT_EQ(exact.read_answer().body, "1000");
}

TEST(RequestBody, WhoseChunkIsTooLargeIsRefusedAtItsSizeLine) {
  TestServer server(with_body_limit(1000));
  RawSocket client = server.connect();
  client.send(
      server.request("POST /count", "Transfer-Encoding: chunked\r\n", "10\r\n0123456789abcdef\r\n3d9\r\n"));
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST(RequestBody, ThatComesTooSlowlyIs408) {
  ServerOptions options;
  options.limits.body_grace = milliseconds{150};
  TestServer server(options);
  RawSocket client = server.connect();
  client.send(server.request("POST /count", length(10), "12"));
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(RequestBody, ThatComesSlowlyButSteadilyIsRead) {
  ServerOptions options;
  options.limits.body_grace = milliseconds{1'000};
  TestServer server(options);
  RawSocket client = server.connect();
  client.send(server.request("POST /count", length(24 * 1024)));
  for (int i = 0; i < 24; ++i) {  // 1 KiB in each 60 ms: past the grace, faster than the least rate
    std::this_thread::sleep_for(milliseconds{60});
    client.send(std::string(1024, 'x'));
  }
  EXPECT_EQ(client.read_answer().body, "24576");
}

TEST(RequestBody, ThatIsCutIsNotAnswered200) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("POST /echo", length(10), "12345"));
  client.half_close();
  EXPECT_EQ(client.read_answer().status, 400);
}

TEST(RequestBody, NobodyReadsIsSkippedWhenItIsHereAndEndsTheConnectionWhenNot) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("POST /hello", length(4), "body") + server.request("GET /hello"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().body, "hello");
  client.send(server.request("POST /hello", length(5'000'000), std::string(100, 'x')));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Connection: close"));
}

}  // namespace
}  // namespace freellmapi::net::testing
