#include "net/request_head.hpp"

#include <gtest/gtest.h>

#include "net/head_scan.hpp"

namespace freellmapi::net {
namespace {

TEST(HeadScan, FindsTheEndHoweverTheBytesAreCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  const std::string bytes = head + "POST /next";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    HeadScan scan;
    EXPECT_EQ(scan.look(bytes.substr(0, cut)), HeadScan::State::more) << cut;
    EXPECT_EQ(scan.look(bytes), HeadScan::State::whole) << cut;
    EXPECT_EQ(scan.length(), head.size()) << cut;
  }
}

TEST(HeadScan, RefusesBareLineFeedsFoldsAndNuls) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\nHost: a\r\n\r\n"),
                                   std::string("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
                                   std::string("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n"),
                                   std::string("GET / HTTP/1.1\r\nHost: a\r\n\n"), std::string("GET /\0", 6),
                                   std::string("\r\nGET / HTTP/1.1\r\n")}) {
    EXPECT_EQ(HeadScan().look(bytes), HeadScan::State::bad) << bytes;
  }
}

TEST(RequestHead, ViewsLieInTheGivenBytesWithNamesInLowerCase) {
  std::string bytes =
      "POST /v1/x?q=1 HTTP/1.1\r\nHOST: localhost:3001\r\nContent-LENGTH: 12\r\nX-B:  c d \t\r\n\r\n";
  const HostRules hosts("127.0.0.1", 3001, {});
  RequestHead head;
  std::vector<Field> fields;
  RequestPlan plan;
  const auto refusal = parse_request_head(bytes, ServerLimits(), hosts, head, fields, plan);
  ASSERT_EQ(refusal, nullptr) << refusal->message;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/v1/x");
  EXPECT_EQ(head.query, "q=1");
  EXPECT_EQ(head.get("x-b"), "c d");
  EXPECT_EQ(head.count("host"), 1U);
  EXPECT_TRUE(head.has_body);
  EXPECT_TRUE(plan.keep_alive);
  EXPECT_EQ(plan.body.length, 12U);
  EXPECT_GE(head.path.data(), bytes.data());
  EXPECT_LT(head.path.data(), bytes.data() + bytes.size());
}

TEST(RequestHead, ALengthOfZeroIsNoBody) {
  std::string bytes =
      "POST / HTTP/1.1\r\nHost: localhost:3001\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n";
  const HostRules hosts("127.0.0.1", 3001, {});
  RequestHead head;
  std::vector<Field> fields;
  RequestPlan plan;
  EXPECT_EQ(parse_request_head(bytes, ServerLimits(), hosts, head, fields, plan), nullptr);
  EXPECT_FALSE(head.has_body);
  EXPECT_FALSE(plan.expects_continue);
}

TEST(RequestHead, SaysWhatIsWrongWithAPath) {
  EXPECT_TRUE(path_fault("/").empty());
  EXPECT_TRUE(path_fault("/v1/models/").empty());
  EXPECT_TRUE(path_fault("/v1beta/models/gemini-2.5:generateContent").empty());
  EXPECT_FALSE(path_fault("").empty());
  EXPECT_FALSE(path_fault("/a/..").empty());
  EXPECT_FALSE(path_fault("/%2e%2E").empty());
  EXPECT_TRUE(path_fault("/...").empty());
}

TEST(RequestHead, SeesWhatIsWrongWithALongPathWhereverItStands) {
  const std::string sound = "/v1/chat/completions/of/a/very/long/name/that/goes/on";
  EXPECT_TRUE(path_fault(sound).empty());
  for (std::size_t at = 0; at < sound.size(); ++at) {
    for (const std::string_view wrong :
         {"//", "/./", "/%2e%2e/", "%", "\\", "#", " ", "\x7f", "\x80", "\x01"}) {
      std::string path = sound.substr(0, at) + std::string(wrong) + sound.substr(at);
      EXPECT_FALSE(path_fault(path).empty()) << path;
    }
    if (at != 0 && sound[at] != '/' && sound[at - 1] != '/') {
      const std::string twice = sound.substr(0, at) + "//" + sound.substr(at);
      EXPECT_FALSE(path_fault(twice).empty()) << twice;
    }
  }
}

}  // namespace
}  // namespace freellmapi::net
