#include "net/outgoing_head.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace freellmapi::net {
namespace {

OutgoingField field(std::string_view name, std::string_view value,
                    std::optional<std::uint32_t> credential = {}) {
  OutgoingField made;
  made.name = name;
  made.value = value;
  made.credential = credential;
  return made;
}

class HeadToProvider : public ::testing::Test {
 protected:
  HeadToProvider() {
    origin_.host = "api.example";
    request_.method = "POST";
    request_.base_path = "/v1";
    request_.path = "/chat";
  }
  std::string render(bool absolute = false, std::string_view credentials = {}) {
    request_.fields = fields_;
    head_.write(OriginLines(origin_, "agent/1"), request_, absolute, credentials);
    return std::string(head_.text());
  }
  bool has(std::string_view text) { return render().find(text) != std::string::npos; }

  OutgoingHead head_;
  Origin origin_;
  OutgoingRequest request_;
  std::vector<OutgoingField> fields_;
  base::Secret secret_{"account:tok/en"};
};

TEST_F(HeadToProvider, IsWhole) {
  EXPECT_EQ(
      render(),
      "POST /v1/chat HTTP/1.1\r\nHost: api.example\r\nAccept-Encoding: identity\r\nUser-Agent: agent/1\r\n"
      "Content-Length: 0\r\n\r\n");
}

TEST_F(HeadToProvider, PutsTheSecretWhereItWasMarked) {
  request_.secret = &secret_;
  fields_ = {field("Authorization", "Bearer ", 0U), field("X-Account", "", 1U), field("X-Token", "", 2U)};
  request_.path = "/accounts/{key:1}/x?key={key:2}&all={key}&not={keys}";
  EXPECT_TRUE(has("\r\nAuthorization: Bearer account:tok/en\r\n"));
  EXPECT_TRUE(has("\r\nX-Account: account\r\n"));
  EXPECT_TRUE(has("\r\nX-Token: tok/en\r\n"));
  EXPECT_TRUE(has("POST /v1/accounts/account/x?key=tok%2Fen&all=account%3Atok%2Fen&not={keys} HTTP/1.1\r\n"));
}

TEST_F(HeadToProvider, HoldsASmallBodyTooAndLeavesALargeOneWhereItIs) {
  const std::string half(2'048, 'x'), more(2'049, 'y');
  const std::vector<std::string_view> small{half, half}, large{half, more};
  const OriginLines lines(origin_, "agent/1");
  request_.body = small;
  EXPECT_TRUE(head_.write(lines, request_, false, {}));
  EXPECT_TRUE(head_.text().ends_with("Content-Length: 4096\r\n\r\n" + half + half));
  request_.body = large;
  EXPECT_FALSE(head_.write(lines, request_, false, {}));
  EXPECT_TRUE(head_.text().ends_with("Content-Length: 4097\r\n\r\n"));
}

TEST_F(HeadToProvider, NothingOfItIsLeftWhereItWasWiped) {
  request_.secret = &secret_;
  fields_ = {field("Authorization", "Bearer ", 0U)};
  ASSERT_NE(render().find("tok/en"), std::string::npos);
  const std::string_view lay = head_.text();
  head_.wipe();
  EXPECT_TRUE(std::all_of(lay.begin(), lay.end(), [](char c) { return c == '\0'; }));
  EXPECT_EQ(head_.text(), "");
  EXPECT_TRUE(has("tok/en"));
}

TEST_F(HeadToProvider, HasRoomForWhateverItIsGiven) {
  const base::Secret long_one{std::string(500, '/')};
  request_.secret = &long_one;
  const std::string base = "/" + std::string(300, ' ');
  request_.base_path = base;
  std::string keys;
  for (int i = 0; i < 20; ++i) keys += "{key}";
  request_.path = keys;
  const std::string value(2'000, 'v');
  for (std::uint32_t i = 0; i < 30; ++i) fields_.push_back(field("X-A-Name", value, i % 3));
  const std::string head = render(true, std::string(1'000, 'c'));
  EXPECT_TRUE(head.ends_with("\r\nContent-Length: 0\r\n\r\n")) << head.size();
  EXPECT_GT(head.size(), 20U * 500 * 3 + 30 * 2'000);
  EXPECT_EQ(std::count(head.begin(), head.end(), '%'), 20 * 500 + 300);
}

TEST_F(HeadToProvider, HoldsLinesThatAreReadyAsTheyAre) {
  const std::string lines = "X-Ready: " + std::string(2'000, 'r') + "\r\nAccept: */*\r\n";
  request_.lines = lines;
  EXPECT_TRUE(has("\r\n" + lines));
  EXPECT_TRUE(render().ends_with("\r\n\r\n"));
}

TEST_F(HeadToProvider, LeavesCredentialsOutWhenThereIsNoKey) {
  fields_ = {field("Authorization", "Bearer ", 0U)};
  EXPECT_FALSE(has("Authorization"));
}

TEST_F(HeadToProvider, LetsNothingBreakOutOfIt) {
  const base::Secret broken("a\r\nX-Evil: 1");
  request_.secret = &broken;
  request_.path = "/a b\r\nX-Evil: 1";
  fields_ = {field("X-A", "b\r\nX-Evil: 1"),
             field("X B", "c"),
             field("Host", "evil"),
             field("Content-Length", "9"),
             field("Transfer-Encoding", "chunked"),
             field("Authorization", "", 0U)};
  EXPECT_FALSE(has("\r\nX-Evil"));
  EXPECT_FALSE(has("evil\r\n"));
  EXPECT_FALSE(has("Transfer"));
  EXPECT_TRUE(has("POST /v1/a%20b%0D%0AX-Evil:%201 HTTP/1.1"));
}

TEST_F(HeadToProvider, NamesPortAndLiteralAddressOfTheHost) {
  origin_.host = "::1";
  origin_.port = 8080;
  EXPECT_TRUE(has("\r\nHost: [::1]:8080\r\n"));
  origin_.tls = false;
  origin_.port = 80;
  EXPECT_TRUE(has("\r\nHost: [::1]\r\n"));
}

TEST_F(HeadToProvider, NamesTheOriginToAProxy) {
  origin_.tls = false;
  origin_.port = 8000;
  const std::string head = render(true, "Basic abc");
  EXPECT_EQ(head.find("POST http://api.example:8000/v1/chat HTTP/1.1\r\n"), 0U);
  EXPECT_NE(head.find("\r\nProxy-Authorization: Basic abc\r\n"), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::net
