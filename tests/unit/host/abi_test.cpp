// One plugin source, three versions of the interface, one host.
#include <gtest/gtest.h>

#include "fixture.hpp"
#include "host/plugins.hpp"

namespace freellmapi::host {
namespace {

class AbiTest : public testing::TestWithParam<const char*> {
 protected:
  AbiTest() {
    folder_.write("sample.so", sample(GetParam()));
    auto loaded = loader_.load(folder_.path() / "sample.so");
    if (!loaded) throw std::runtime_error(loaded.error().text());
    provider_ = loaded->at(0);
  }
  Folder folder_;
  ReadableLog log_;
  PluginLoader loader_{log_.log()};
  std::shared_ptr<const Provider> provider_;
};

TEST_P(AbiTest, IsIntroducedWithItsVersions) {
  EXPECT_EQ(provider_->id(), "sample");
  EXPECT_EQ(provider_->manifest(), "manifest: 1\nid: sample\nversion: 1.2.3\n");
  EXPECT_EQ(provider_->plugin().version(), "1.2.3");
  EXPECT_EQ(provider_->plugin().file(), "sample.so");
  EXPECT_EQ(provider_->plugin().abi_major(), 1);
  EXPECT_EQ(provider_->plugin().abi_minor(), std::string_view{GetParam()} == "v1_9" ? 9 : 0);
}

TEST_P(AbiTest, WritesARequestWhoseBodyIsTheCallsOwnBytes) {
  const std::string body = R"({"model":"m"})";
  const auto request = provider_->build_request(call_with(body));
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->method(), "POST");
  EXPECT_EQ(request->path(), "/echo");
  EXPECT_EQ(request->output_bound, 77u);
  ASSERT_EQ(request->header_count(), 2u);
  EXPECT_EQ(request->header(0).credential, std::nullopt);
  EXPECT_EQ(request->header(1).value, "Bearer ");
  EXPECT_EQ(request->header(1).credential, 0u);
  ASSERT_EQ(request->pieces().size(), 1u);
  EXPECT_EQ(request->pieces()[0].data(), body.data());
  EXPECT_EQ(request->body_size(), body.size());
}

TEST_P(AbiTest, GivesTheSameEventsHoweverTheAnswerIsCut) {
  const std::string answer = "hello";
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    Recorder sink;
    auto parser = Parser::open(provider_, call_with("{}"), head_with(200));
    ASSERT_TRUE(parser);
    EXPECT_EQ(parser->feed(std::string_view{answer}.substr(0, cut), sink), FREELLM_OK);
    EXPECT_EQ(parser->feed(std::string_view{answer}.substr(cut), sink), FREELLM_OK);
    EXPECT_EQ(parser->finish(sink), FREELLM_OK);
    EXPECT_EQ(sink.answer, "hello|1.2.3");
    EXPECT_EQ(sink.script, "TTTTTTUF(stop)");
    EXPECT_EQ(sink.output_tokens, 5u);
  }
}

TEST_P(AbiTest, SaysThatAnAnswerWithoutItsEndIsTruncated) {
  Recorder sink;
  auto parser = Parser::open(provider_, call_with("{}"), head_with(200));
  ASSERT_TRUE(parser);
  EXPECT_EQ(parser->finish(sink), FREELLM_E_TRUNCATED);
  EXPECT_FALSE(Parser::open(provider_, call_with("{}"), head_with(302)));
}

TEST_P(AbiTest, StopsWhenTheSinkHasEnough) {
  Recorder sink;
  sink.wanted = 2;
  auto parser = Parser::open(provider_, call_with("{}"), head_with(200));
  ASSERT_TRUE(parser);
  EXPECT_EQ(parser->feed("hello", sink), FREELLM_E_STOPPED);
  EXPECT_EQ(sink.answer, "he");
  EXPECT_EQ(parser->feed("hello", sink), FREELLM_E_STOPPED);
  EXPECT_EQ(parser->finish(sink), FREELLM_E_STOPPED);
  EXPECT_EQ(sink.answer, "he");
}

TEST_P(AbiTest, SortsAnErrorAndAnUnknownClassIsUnknown) {
  EXPECT_EQ(provider_->classify(head_with(429), "", 0).error_class, std::uint32_t{FREELLM_C_RATE_LIMITED});
  const freellm_outcome odd = provider_->classify(head_with(500), "", 0);
  EXPECT_EQ(odd.error_class, std::uint32_t{FREELLM_C_UNKNOWN});
  EXPECT_EQ(odd.retry_after_ms, 1500);
  EXPECT_EQ(odd.reset_unix_ms, -1);
}

TEST_P(AbiTest, WhatThePluginLeavesOutIsNotThere) {
  EXPECT_EQ(provider_->build_probe().error().code, base::Errc::not_found);
  EXPECT_TRUE(provider_->read_limits(head_with(200), 0).empty());
}

TEST_P(AbiTest, JudgesAKeyByItsFirstEightCharactersAndItsLength) {
  EXPECT_TRUE(provider_->has_key_shape("smpl_0123456789"));
  EXPECT_FALSE(provider_->has_key_shape("smpl_0123"));
  EXPECT_FALSE(provider_->has_key_shape("other0123456789"));
  EXPECT_FALSE(provider_->has_key_shape(""));
}

TEST_P(AbiTest, SpeaksThroughTheHostsLog) {
  EXPECT_NE(log_.text().find("info  plugin_says plugin=sample.so message=\"hello\\nfrom the sample\"\n"),
            std::string::npos)
      << log_.text();
}

INSTANTIATE_TEST_SUITE_P(EveryMinor, AbiTest, testing::Values("v1_0", "today", "v1_9"),
                         [](const auto& instance) { return std::string{instance.param}; });

}  // namespace
}  // namespace freellmapi::host
