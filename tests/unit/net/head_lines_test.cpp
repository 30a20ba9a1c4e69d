#include "net/head_lines.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "net/grammar.hpp"
#include "net/head_scan.hpp"
#include "support/beast_head.hpp"

namespace freellmapi::net {
namespace {

const std::array<std::string, 4> requests = {
    "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: localhost:3001\r\nAuthorization: Bearer abc\r\n"
    "Content-Length: 12\r\nConnection: keep-alive, te\r\nX-Empty:\r\nX-Tab:\ta\t b\t\r\n\r\n",
    "GET / HTTP/1.0\r\nHOST:x\r\nTransfer-Encoding: chunked\r\nUser-Agent: \xC3\xA4 ~\r\n\r\n",
    "PUT /a/very/long/target/with/%20/many?bytes=to&read=on HTTP/1.1\r\n"
    "X-Stainless-Retry-Count: 0\r\nUPPER_CASE-and~Lower!16: VALUES Stay As They Are, Every-One\r\n"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789: [Z]\r\n\r\n",
    "M-SEARCH * HTTP/1.1\r\n\r\n"};
const std::array<std::string, 3> responses = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0 404 Not  Found\xE4\r\nContent-Length: 0\r\nConnection: close\r\nServer: a(b) \r\n\r\n",
    "HTTP/1.1 204 \r\n\r\n"};

TEST(FieldText, EveryByteThatNoValueMayHoldIsSeenWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, 'a');
      text[at] = static_cast<char>(byte);
      const bool sound = is_field_byte(text[at]);
      ASSERT_EQ(field_text_end(text), sound ? text.size() : at) << byte;
      for (std::size_t size = at + 1; size < text.size(); ++size)
        ASSERT_EQ(field_text_end(text.substr(0, size)), sound ? size : at) << byte;
    }
  }
}

/// One to three bytes of the head put in, taken out or made others; what matters to the grammar is met often.
std::string mutated(std::string head, std::mt19937& random) {
  constexpr std::string_view pieces = " \t\r\n:,;/.?HTP10aZ\x7f\x80\x01\"(%";
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t left = 1 + below(3); left > 0; --left) {
    const std::size_t at = below(head.size());
    const char piece = below(8) == 0 ? static_cast<char>(below(256)) : pieces[below(pieces.size())];
    switch (below(3)) {
      case 0:
        head[at] = piece;
        break;
      case 1:
        head.insert(at, 1, piece);
        break;
      default:
        head.erase(at, 1);
    }
  }
  return head;
}

template <bool is_request>
void hold_against_beast(const std::string& head) {
  // Only what the scan takes for a head comes to either.
  HeadScan scan;
  if (scan.look(head) != HeadScan::State::whole) return;
  std::string bytes = head.substr(0, scan.length());
  const testing::BeastHead<is_request> beast(bytes);
  HeadLines lines;
  std::vector<Field> fields;
  const HeadFault fault = is_request ? read_request_lines(bytes, 100, lines, fields)
                                     : read_response_lines(bytes, 100, lines, fields);
  if (fault != HeadFault::none) return;
  ASSERT_EQ(lines.size, bytes.size()) << head;
  const FirstLine& first = lines.first;
  // Beast judges lengths and codings as well, which we leave to those who read the fields.
  bool frames = false;
  for (const Field& field : fields)
    frames = frames || field.name == "content-length" || field.name == "transfer-encoding";
  ASSERT_TRUE(beast.good || frames) << head;
  if (!beast.good) return;
  EXPECT_EQ(first.method, beast.method) << head;
  EXPECT_EQ(first.target, beast.target) << head;
  EXPECT_EQ(first.status, beast.status) << head;
  EXPECT_EQ(first.version, beast.version) << head;
  ASSERT_EQ(fields.size(), beast.fields.size()) << head;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(fields[i].name, beast.fields[i].first) << head;
    EXPECT_EQ(fields[i].value, beast.fields[i].second) << head;
  }
}

TEST(HeadLines, NothingIsTakenThatBeastRefusesAndAllIsReadAsBeastReadsIt) {
  std::mt19937 random(7);
  for (const std::string& head : requests) {
    hold_against_beast<true>(head);
    for (int i = 0; i < 30'000; ++i) hold_against_beast<true>(mutated(head, random));
  }
  for (const std::string& head : responses) {
    hold_against_beast<false>(head);
    for (int i = 0; i < 30'000; ++i) hold_against_beast<false>(mutated(head, random));
  }
}

TEST(HeadLines, WholeHeadsAreTaken) {
  HeadLines lines;
  const FirstLine& first = lines.first;
  std::vector<Field> fields;
  std::string request = requests[0];
  ASSERT_EQ(read_request_lines(request, 100, lines, fields), HeadFault::none);
  EXPECT_EQ(first.target, "/v1/chat/completions?a=b");
  ASSERT_EQ(fields.size(), 6u);
  EXPECT_EQ(fields[5].name, "x-tab");
  EXPECT_EQ(fields[5].value, "a\t b");
  EXPECT_EQ(read_request_lines(request, 5, lines, fields), HeadFault::too_many);
  std::string names = requests[2];
  ASSERT_EQ(read_request_lines(names, 100, lines, fields), HeadFault::none);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[1].name, "upper_case-and~lower!16");
  EXPECT_EQ(fields[1].value, "VALUES Stay As They Are, Every-One");
  EXPECT_EQ(fields[2].name, "abcdefghijklmnopqrstuvwxyz0123456789");
  EXPECT_EQ(fields[2].value, "[Z]");
  std::string response = responses[1];
  ASSERT_EQ(read_response_lines(response, 100, lines, fields), HeadFault::none);
  EXPECT_EQ(first.status, 404);
  EXPECT_EQ(first.version, 10);
  EXPECT_EQ(fields[1].value, "close");
}

TEST(HeadLines, WhatIsNoMethodIsNotGivenOutAsOne) {
  HeadLines lines;
  const FirstLine& first = lines.first;
  std::vector<Field> fields;
  for (std::string head : {"HEAD\x01X / HTTP/1.1\r\n\r\n", "HEAD\r\n\r\n", " / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(read_request_lines(head, 100, lines, fields), HeadFault::line) << head;
    EXPECT_EQ(first.method, "") << head;
  }
}

}  // namespace
}  // namespace freellmapi::net
