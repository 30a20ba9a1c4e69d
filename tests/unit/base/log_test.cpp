#include "base/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <stdexcept>

namespace freellmapi::base {
namespace {

// A log that writes into a pipe. One read gives what one write wrote.
class LogTest : public testing::Test {
 protected:
  LogTest() {
    if (::pipe(pipe_.data()) != 0) throw std::runtime_error("pipe");
  }
  ~LogTest() override {
    for (const int end : pipe_) ::close(end);
  }
  Log log(LogFormat format, Level level = Level::debug) const { return Log{clock_, format, level, pipe_[1]}; }
  std::string line() const {
    std::string buffer(65536, '\0');
    const ssize_t n = ::read(pipe_[0], buffer.data(), buffer.size());
    buffer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return buffer;
  }
  ManualClock clock_{WallTime{std::chrono::milliseconds{1'795'370'400'123}}};

 private:
  std::array<int, 2> pipe_{};
};

TEST_F(LogTest, ATextLineHasTimeLevelEventAndFields) {
  log(LogFormat::text)
      .info("listening",
            {{"port", 3001}, {"host", "127.0.0.1"}, {"note", "two words"}, {"tls", false}, {"load", 0.5}});
  EXPECT_EQ(line(),
            "2026-11-22T18:00:00.123Z info  listening port=3001 host=127.0.0.1 note=\"two words\" tls=false "
            "load=0.5\n");
}

TEST_F(LogTest, AJsonLineIsOneObject) {
  log(LogFormat::json)
      .error("failed",
             {{"status", std::uint16_t{502}}, {"why", "a \"b\"\n"}, {"ok", true}, {"rate", std::nan("")}});
  EXPECT_EQ(line(),
            "{\"time\":\"2026-11-22T18:00:00.123Z\",\"level\":\"error\",\"event\":\"failed\",\"status\":502,"
            "\"why\":\"a \\\"b\\\"\\n\",\"ok\":true,\"rate\":null}\n");
}

TEST_F(LogTest, AValueCannotForgeALineOrAField) {
  const Log text = log(LogFormat::text);
  text.warn("e", {{"v", "x\n2026 info forged"}});
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z warn  e v=\"x\\n2026 info forged\"\n");
  text.warn("e", {{"v", "x\\\" forged=1"}});
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z warn  e v=\"x\\\\\\\" forged=1\"\n");
  text.warn("e", {{"v", ""}, {"w", "a=b"}});
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z warn  e v=\"\" w=\"a=b\"\n");
}

TEST_F(LogTest, ALevelBelowTheSetOneWritesNothing) {
  const Log quiet = log(LogFormat::text, Level::warn);
  EXPECT_FALSE(quiet.enabled(Level::info));
  quiet.info("unseen");
  quiet.warn("seen");
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z warn  seen\n");
}

TEST_F(LogTest, SecretsAreTakenOutBeforeAValueIsCut) {
  Log redacting = log(LogFormat::text);
  redacting.set_redactor(std::make_shared<const Redactor>(std::vector<std::string>{"correct-horse-battery"}));
  redacting.info("e", {{"v", std::string(1015, 'x') + "correct-horse-battery"}});
  EXPECT_EQ(line().find("correct"), std::string::npos);
  redacting.set_redactor(nullptr);
  redacting.info("e", {{"v", "correct-horse-battery"}});
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z info  e v=[redacted]\n");
}

TEST_F(LogTest, WhatWasWrittenBeforeIsTakenOutWhenItHasBecomeASecret) {
  Log redacting = log(LogFormat::text);
  for (int i = 0; i < 2; ++i) {
    redacting.info("e", {{"v", "correct-horse-battery"}, {"w", "a b"}});
    EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z info  e v=correct-horse-battery w=\"a b\"\n");
  }
  redacting.set_redactor(std::make_shared<const Redactor>(std::vector<std::string>{"correct-horse-battery"}));
  redacting.info("e", {{"v", "correct-horse-battery"}, {"w", "a b"}});
  EXPECT_EQ(line(), "2026-11-22T18:00:00.123Z info  e v=[redacted] w=\"a b\"\n");
  log(LogFormat::json).info("e", {{"v", "correct-horse-battery"}, {"w", "a b"}});
  EXPECT_TRUE(line().ends_with(R"("v":"correct-horse-battery","w":"a b"})"
                               "\n"))
      << "of another log";
}

TEST_F(LogTest, WhatIsSaidAgainInOnePlaceIsWrittenAsBefore) {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    const bool json = format == LogFormat::json;
    const Log again = log(format);
    for (std::size_t size = 1; size < 80; ++size) {
      const std::string value(size, 'v'), other = value.substr(1) + 'w', blank = value + ' ';
      for (const std::string& said : {value, value, other, blank, blank, value}) {
        again.info("e", {{"key", said}, {"n", size}, {"rest", "r"}});
        const bool quotes = json || said == blank;
        const std::string written = quotes ? '"' + said + '"' : said;
        const std::string number = std::to_string(size);
        ASSERT_TRUE(line().ends_with(json ? ",\"key\":" + written + ",\"n\":" + number + ",\"rest\":\"r\"}\n"
                                          : " key=" + written + " n=" + number + " rest=r\n"))
            << said;
      }
    }
  }
}

TEST_F(LogTest, ManyFieldsInOneLineAreAllWritten) {
  const Log many = log(LogFormat::text);
  for (int i = 0; i < 2; ++i) {
    many.info("e", {{"a", 1},   {"b", "x"},  {"c", 1},   {"d", "x"},  {"e", 1},    {"f", "x"}, {"g", 1},
                    {"h", "x"}, {"i", 1},    {"j", "x"}, {"k", 1},    {"l", "x"},  {"m", 1},   {"n", "x"},
                    {"o", 1},   {"p", "x"},  {"q", 1},   {"r", "x"},  {"s", 1},    {"t", "x"}, {"u", 1},
                    {"v", "x"}, {"w", 1},    {"x", "x"}, {"y", 1},    {"z", "x"},  {"aa", 1},  {"ab", "x"},
                    {"ac", 1},  {"ad", "x"}, {"ae", 1},  {"af", "y"}, {"ag", "z"}, {"ah", 2}});
    EXPECT_TRUE(line().ends_with(" ad=x ae=1 af=y ag=z ah=2\n"));
  }
}

TEST_F(LogTest, NumbersOfEverySizeAreWritten) {
  log(LogFormat::json)
      .info("e", {{"a", INT64_MIN},
                  {"b", INT64_MAX},
                  {"c", -1},
                  {"d", 9},
                  {"e", 10},
                  {"f", 0},
                  {"g", Plain{"x.1-y"}}});
  EXPECT_TRUE(line().ends_with(
      R"("a":-9223372036854775808,"b":9223372036854775807,"c":-1,"d":9,"e":10,"f":0,"g":"x.1-y"})"
      "\n"));
  log(LogFormat::text).info("e", {{"a", -1}, {"g", Plain{"x.1-y"}}});
  EXPECT_TRUE(line().ends_with("e a=-1 g=x.1-y\n"));
}

void write_nine(const Log& log, const std::string& big, const std::string& eighth, std::int64_t ninth) {
  log.info("e", {{"a", big},
                 {"b", big},
                 {"c", big},
                 {"d", big},
                 {"e", big},
                 {"f", big},
                 {"g", big},
                 {"h", eighth},
                 {"i", ninth}});
}

TEST_F(LogTest, ALineStaysUnderEightKibibytesAndWhole) {
  const std::string big(4000, 'x');
  write_nine(log(LogFormat::json), big, big, 1);
  const std::string whole = line();
  EXPECT_LE(whole.size(), 8192u);
  EXPECT_TRUE(whole.ends_with(",\"cut\":true}\n"));
  EXPECT_EQ(whole.find("\"i\""), std::string::npos);
}

TEST_F(LogTest, TheFieldThatJustDoesNotFitIsLeftOutWhole) {
  const std::string big(1000, 'x');
  for (std::size_t last = 0; last < 120; ++last) {
    write_nine(log(LogFormat::json), big, big.substr(0, 1000 - last), 1'234'567'890'123'456'789);
    const std::string whole = line();
    EXPECT_LE(whole.size(), 8192u);
    EXPECT_TRUE(whole.ends_with(R"(,"i":1234567890123456789})"
                                "\n") ||
                whole.ends_with(",\"cut\":true}\n"))
        << whole.substr(whole.size() - 40);
  }
}

}  // namespace
}  // namespace freellmapi::base
