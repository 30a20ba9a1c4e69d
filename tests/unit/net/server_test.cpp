// Requests in, answers out: the ordinary way.
#include <gtest/gtest.h>

#include "support/test_server.hpp"

namespace freellmapi::net::testing {
namespace {

TEST(Server, AnswersARequestAndKeepsTheConnection) {
  TestServer server;
  RawSocket client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(server.request("GET /hello"));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_TRUE(answer.has("\r\nDate: "));
    EXPECT_TRUE(answer.has("\r\nContent-Length: 5\r\n"));
    EXPECT_FALSE(answer.has("Connection:"));
    EXPECT_FALSE(answer.has("Server:"));
  }
}

TEST(Server, GivesTheHandlerPathQueryAndPeer) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /where?a=b&c"));
  EXPECT_EQ(client.read_answer().body, "/where|a=b&c|127.0.0.1");
}

TEST(Server, GivesTheHandlerFieldNamesInLowerCase) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /fields", "X-Some-THING:  Kept As Is \r\n"));
  EXPECT_NE(client.read_answer().body.find("x-some-thing=Kept As Is\n"), std::string::npos);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  RawSocket client = server.connect();
  std::string requests;
  for (int i = 0; i < 40; ++i) {
    requests += server.request("POST /echo", "Content-Length: 2\r\n", std::to_string(10 + i));
  }
  client.send(requests);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.read_answer().body, std::to_string(10 + i));
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  TestServer server;
  RawSocket client = server.connect();
  for (const char c : server.request("POST /echo", "Content-Length: 3\r\n", "abc")) client.send({&c, 1});
  EXPECT_EQ(client.read_answer().body, "abc");
}

TEST(Server, AnswersHeadWithTheLengthAndWithoutTheBody) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("HEAD /hello") + server.request("HEAD /stream") + server.request("GET /hello"));
  const RawAnswer head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 5"));
  EXPECT_EQ(client.read_answer(true).status, 200);
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Server, SendsNoLengthWithAnAnswerThatHasNoBody) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /empty") + server.request("GET /hello"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.has("Content-Length"));
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Server, StreamsInChunksAndKeepsTheConnection) {
  TestServer server;
  RawSocket client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(server.request("GET /stream"));
    const RawAnswer answer = client.read_answer();
    EXPECT_TRUE(answer.has("Transfer-Encoding: chunked"));
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
  }
}

TEST(Server, ClosesBehindTheAnswerToAnHttp10Client) {
  TestServer server;
  const std::string host = "Host: localhost:" + std::to_string(server.port()) + "\r\n";
  RawSocket client = server.connect();
  client.send("GET /hello HTTP/1.0\r\n" + host + "\r\n");
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(client.ends_within(std::chrono::seconds{10}));

  RawSocket streaming = server.connect();
  streaming.send("GET /stream HTTP/1.0\r\n" + host + "\r\n");
  const RawAnswer stream = streaming.read_answer();
  EXPECT_FALSE(stream.has("Transfer-Encoding"));
  EXPECT_EQ(stream.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
}

TEST(Server, ServesAnHttp10ClientThatNamesNoHost) {
  TestServer server;
  RawSocket client = server.connect();
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Server, ClosesWhenTheClientAsksForIt) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /hello", "Connection: foo, Close\r\n"));
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(client.ends_within(std::chrono::seconds{10}));
}

TEST(Server, LetsNoValueOfAFieldEndTheHead) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /inject"));
  const RawAnswer answer = client.read_answer();
  EXPECT_FALSE(answer.has("\r\nX-Injected"));
  EXPECT_EQ(answer.body, "hello");
}

TEST(Server, AnswersAThrowingHandlerWith500AndLives) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /throw"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("\"code\":\"internal_error\""), std::string::npos);
  EXPECT_NE(answer.body.find("\"request_id\":\"req_"), std::string::npos);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_TRUE(client.ends_within(std::chrono::seconds{10}));
  EXPECT_EQ(server.server().load().internal_errors, 1U);
  RawSocket another = server.connect();
  another.send(server.request("GET /hello"));
  EXPECT_EQ(another.read_answer().status, 200);
}

TEST(Server, AnswersForAHandlerThatDoesNot) {
  TestServer server;
  RawSocket client = server.connect();
  client.send(server.request("GET /silent"));
  EXPECT_EQ(client.read_answer().status, 500);
}

TEST(Server, CutsAStreamWhoseHandlerThrowsOrAborts) {
  TestServer server;
  for (const char* path : {"GET /throw-late", "GET /abort"}) {
    RawSocket client = server.connect();
    client.send(server.request(path));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.whole) << path;
  }
}

TEST(Server, ResetsACutStreamThatHasNoOtherWayToShowIt) {
  TestServer server;
  RawSocket client = server.connect();
  client.send("GET /abort HTTP/1.0\r\nHost: localhost:" + std::to_string(server.port()) + "\r\n\r\n");
  EXPECT_FALSE(client.read_answer().whole);
}

TEST(Server, ServesManyClientsAtOnce) {
  TestServer server;
  std::vector<RawSocket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(server.connect());
  for (RawSocket& client : clients) client.send(server.request("GET /hello"));
  for (RawSocket& client : clients) EXPECT_EQ(client.read_answer().body, "hello");
}

}  // namespace
}  // namespace freellmapi::net::testing
