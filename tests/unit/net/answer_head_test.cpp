#include "net/answer_head.hpp"

#include <gtest/gtest.h>

namespace freellmapi::net {
namespace {

using std::chrono::milliseconds;

TEST(DateLine, IsInTheFormatOfHttp) {
  DateLine line;
  EXPECT_EQ(line.at(base::WallTime{milliseconds{784'111'777'000}}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(line.at(base::WallTime{milliseconds{784'111'777'999}}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(line.at(base::WallTime{milliseconds{784'111'778'000}}), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(line.at(base::WallTime{milliseconds{1'772'323'199'000}}), "Sat, 28 Feb 2026 23:59:59 GMT");
}

TEST(AnswerHead, KeepsFramingForItself) {
  std::string out;
  for (const char* name : {"Content-Length", "transfer-encoding", "DATE", "Connection", "bad name", "a:", ""})
    EXPECT_FALSE(AnswerName::may_be_given(name)) << name;
  AnswerFields fields;
  fields.add("X-Good", "y");
  AnswerShape shape;
  shape.size = 3;
  append_answer_head(out, shape, "now", fields);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nDate: now\r\nX-Good: y\r\nContent-Length: 3\r\n\r\n");
}

TEST(AnswerFields, NoValueEndsItsLine) {
  AnswerFields fields;
  fields.add("A", "1\r\nB: 2");
  fields.add_made("C", 0, [](std::string& out) { out += std::string("\0x\t\x7f\xE4", 5); });
  AnswerFields more;
  more.add("D", "");
  fields.add(more);
  EXPECT_EQ(fields.text(), "A: 1  B: 2\r\nC:  x\t \xE4\r\nD: \r\n");
}

}  // namespace
}  // namespace freellmapi::net
