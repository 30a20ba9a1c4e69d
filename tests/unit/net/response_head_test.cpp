#include "net/response_head.hpp"

#include <gtest/gtest.h>

namespace freellmapi::net {
namespace {

struct Parsed {
  std::string bytes;
  std::vector<Field> fields;
  ResponsePlan plan;
  std::string fault;
};

Parsed parse(const std::string& head, bool to_head = false) {
  Parsed parsed;
  parsed.bytes = head + "\r\n";
  parsed.fault = parse_response_head(parsed.bytes, to_head, parsed.fields, parsed.plan);
  return parsed;
}

TEST(ResponseHead, TellsHowTheBodyEnds) {
  using Kind = BodyPlan::Kind;
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n").plan.body.kind, Kind::length);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n").plan.body.kind, Kind::chunked);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nA: b\r\n").plan.body.kind, Kind::until_close);
  EXPECT_EQ(parse("HTTP/1.1 204 No\r\nContent-Length: 5\r\n").plan.body.kind, Kind::none);
  EXPECT_EQ(parse("HTTP/1.1 304 No\r\nContent-Length: 5\r\n").plan.body.kind, Kind::none);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", true).plan.body.kind, Kind::none);
}

TEST(ResponseHead, TellsWhetherTheConnectionCanBeKept) {
  EXPECT_TRUE(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n").plan.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: X, CLOSE\r\n").plan.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n").plan.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nA: b\r\n").plan.keep_alive);
}

TEST(ResponseHead, RefusesFramingThatCannotBeTrusted) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n", "HTTP/1.1 20 OK\r\nA: b\r\n",
        "HTTP/1.1 999 OK\r\nA: b\r\n", "HTTP/2.0 200 OK\r\nA: b\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n",
        "ICY 200 OK\r\nA: b\r\n"}) {
    EXPECT_FALSE(parse(head).fault.empty()) << head;
  }
}

TEST(ResponseHead, LeavesOutHopByHopFields) {
  const Parsed parsed = parse(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Stay: 2\r\n"
      "Content-Length: 3\r\nUpgrade: h2\r\n");
  ASSERT_TRUE(parsed.fault.empty());
  std::string names;
  for (const Field& field : parsed.fields) names += std::string(field.name) + " ";
  EXPECT_EQ(names, "x-stay content-length ");
}

TEST(ResponseHead, HoldsAtMost200Fields) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 200; ++i) head += "X: y\r\n";
  EXPECT_TRUE(parse(head).fault.empty());
  EXPECT_FALSE(parse(head + "X: y\r\n").fault.empty());
}

}  // namespace
}  // namespace freellmapi::net
