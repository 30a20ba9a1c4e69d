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
  const ResponseField fields[] = {
      {"Content-Length", "99"}, {"Transfer-Encoding", "chunked"}, {"bad name", "x"}, {"X-Good", "y"}};
  AnswerShape shape;
  shape.size = 3;
  append_answer_head(out, shape, "now", fields);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nDate: now\r\nX-Good: y\r\nContent-Length: 3\r\n\r\n");
}

}  // namespace
}  // namespace freellmapi::net
