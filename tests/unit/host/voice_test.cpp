#include "host/voice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::host {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class VoiceTest : public testing::Test {
 protected:
  void say(std::int32_t level, std::string_view message) {
    host_->log(host_, level, {message.data(), message.size()});
  }
  ReadableLog log_;
  Voice voice_{log_.log(), "groq.so"};
  const freellm_host* host_ = voice_.host();
};

TEST_F(VoiceTest, IntroducesTheHost) {
  EXPECT_EQ(host_->size, sizeof(freellm_host));
  EXPECT_EQ(host_->abi_major, FREELLM_ABI_MAJOR);
  EXPECT_EQ(host_->abi_minor, FREELLM_ABI_MINOR);
  EXPECT_EQ(host_->get_extension(host_, {"freellm.none/1", 14}), nullptr);
}

TEST_F(VoiceTest, SpeaksAtTheLevelThePluginNames) {
  for (const std::int32_t level : {0, 1, 2, 3, 77}) say(level, "x");
  for (const char* line :
       {"debug plugin_says", "info  plugin_says", "warn  plugin_says", "error plugin_says"}) {
    EXPECT_THAT(log_.text(), HasSubstr(line));
  }
  EXPECT_THAT(log_.text(), EndsWith("info  plugin_says plugin=groq.so message=x\n"));
}

TEST_F(VoiceTest, IsCutWhenItIsLong) {
  say(1, std::string(5000, 'x'));
  EXPECT_THAT(log_.text(), EndsWith("message=" + std::string(500, 'x') + "\n"));
  host_->log(host_, 1, {nullptr, 20});
  EXPECT_THAT(log_.text(), EndsWith("message=\"\"\n"));
}

TEST_F(VoiceTest, MaySayTwentyLinesAtOnceAndOneMoreEachSecond) {
  for (int i = 0; i < 100; ++i) say(1, "x");
  EXPECT_EQ(log_.lines(), 20u);
  log_.clock().advance(std::chrono::milliseconds{999});
  say(1, "x");
  EXPECT_EQ(log_.lines(), 20u);
  log_.clock().advance(std::chrono::milliseconds{1});
  say(1, "x");
  say(1, "x");
  EXPECT_EQ(log_.lines(), 21u);
  EXPECT_THAT(log_.text(), EndsWith("dropped_before=81\n"));
  log_.clock().advance(std::chrono::hours{1});
  for (int i = 0; i < 100; ++i) say(1, "x");
  EXPECT_EQ(log_.lines(), 41u);
}

}  // namespace
}  // namespace freellmapi::host
