#include "base/log_buffer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>

#include "base/log.hpp"

namespace freellmapi::base {
namespace {

class LogBufferTest : public testing::Test {
 protected:
  LogBufferTest() {
    if (::pipe2(pipe_.data(), O_NONBLOCK) != 0) throw std::runtime_error("pipe");
  }
  ~LogBufferTest() override {
    for (const int end : pipe_) ::close(end);
  }
  std::string written() const {
    std::string buffer(65536, '\0');
    const ssize_t n = ::read(pipe_[0], buffer.data(), buffer.size());
    buffer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return buffer;
  }
  std::array<int, 2> pipe_{};
};

TEST_F(LogBufferTest, LinesWaitForTheFlushAndKeepTheirOrder) {
  LogBuffer buffer(pipe_[1]);
  buffer.add("one\n", false);
  buffer.add("two\n", false);
  EXPECT_EQ(written(), "");
  buffer.flush();
  EXPECT_EQ(written(), "one\ntwo\n");
}

TEST_F(LogBufferTest, AnUrgentLineTakesAlongWhatWaits) {
  LogBuffer buffer(pipe_[1]);
  buffer.add("one\n", false);
  buffer.add("now\n", true);
  EXPECT_EQ(written(), "one\nnow\n");
}

TEST_F(LogBufferTest, WhatWaitsIsWrittenAtTheEnd) {
  { LogBuffer(pipe_[1]).add("last\n", false); }
  EXPECT_EQ(written(), "last\n");
}

TEST_F(LogBufferTest, LinesThatDoNotFitAreLeftOutAndCounted) {
  LogBuffer buffer(pipe_[1]);
  buffer.add(std::string(LogBuffer::most, 'x'), false);
  buffer.add("a\n", false);
  buffer.add("b\n", false);
  EXPECT_EQ(buffer.take_lost(), 2u);
  EXPECT_EQ(buffer.take_lost(), 0u);
}

TEST_F(LogBufferTest, WhoWaitsIsWokenByAFullPieceAndByTheEnd) {
  LogBuffer buffer(pipe_[1]);
  buffer.add(std::string(LogBuffer::piece, 'x'), false);
  EXPECT_TRUE(buffer.wait(std::chrono::hours{1}));
  buffer.stop();
  EXPECT_FALSE(buffer.wait(std::chrono::hours{1}));
}

TEST_F(LogBufferTest, OfALogOnlyRecordsWait) {
  const ManualClock clock;
  LogBuffer buffer(pipe_[1]);
  Log log(clock, LogFormat::text, Level::debug, pipe_[1]);
  log.write_through(&buffer);
  log.record("first",
             {{"took", std::chrono::microseconds{12'340}}, {"never", std::chrono::milliseconds{-1}}});
  EXPECT_EQ(written(), "");
  log.info("second");
  EXPECT_EQ(written(),
            "2026-01-01T00:00:00.000Z info  first took=12.34 never=-1\n"
            "2026-01-01T00:00:00.000Z info  second\n");
}

}  // namespace
}  // namespace freellmapi::base
