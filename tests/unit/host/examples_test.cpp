// The examples of the SDK as they came out of a build outside of the tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "fixture.hpp"
#include "host/plugins.hpp"
#include "policy/manifest.hpp"

namespace freellmapi::host {
namespace {

using testing::HasSubstr;
using testing::Not;

class ExamplesTest : public testing::Test {
 protected:
  std::shared_ptr<const Provider> load(const std::string& name) {
    folder_.write(name + ".so", sample(name));
    auto loaded = loader_.load(folder_.path() / (name + ".so"));
    if (!loaded) throw std::runtime_error(loaded.error().text());
    return loaded->at(0);
  }
  static std::string faults_of_manifest(const Provider& provider) {
    std::vector<policy::Diagnostic> diagnostics;
    const auto manifest =
        policy::read_manifest({provider.id(), provider.manifest(), "manifest.yaml"}, diagnostics);
    std::string all;
    for (const auto& diagnostic : diagnostics) all += diagnostic.message + "\n";
    EXPECT_EQ(manifest.models.size(), 1u);
    EXPECT_TRUE(manifest.enabled);
    return all;
  }
  static std::string body_of(const UpstreamRequest& request) {
    std::string all;
    for (const std::string_view piece : request.pieces()) all += piece;
    return all;
  }
  // The answer and the end, for `answer` cut in two at every byte.
  static void expect_at_every_cut(const std::shared_ptr<const Provider>& provider, const freellm_call& call,
                                  const freellm_head& head, const std::string& answer,
                                  const std::string& text) {
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
      auto parser = Parser::open(provider, call, head);
      ASSERT_TRUE(parser);
      Recorder sink;
      EXPECT_GE(parser->feed(std::string_view{answer}.substr(0, cut), sink), FREELLM_OK);
      EXPECT_GE(parser->feed(std::string_view{answer}.substr(cut), sink), FREELLM_OK);
      EXPECT_EQ(parser->finish(sink), FREELLM_OK);
      EXPECT_EQ(sink.answer, text) << "cut at " << cut;
      EXPECT_THAT(sink.script, HasSubstr("F(stop)"));
    }
  }

  Folder folder_;
  ReadableLog log_;
  PluginLoader loader_{log_.log()};
};

TEST_F(ExamplesTest, TheSourcesAreAsShortAsTheReadmeSays) {
  const auto lines = [](const char* name) {
    const std::string content = content_of(fs::path{SDK_EXAMPLES} / name);
    return std::count(content.begin(), content.end(), '\n');
  };
  EXPECT_LT(lines("echo/echo.c"), 150);
  EXPECT_LE(lines("tutorial/tutorial.cpp"), 25);
}

TEST_F(ExamplesTest, TheirManifestsHaveNoFaults) {
  EXPECT_EQ(faults_of_manifest(*load("echo")), "");
  EXPECT_EQ(faults_of_manifest(*load("tutorial")), "");
}

TEST_F(ExamplesTest, EchoSendsTheCallAsItIsAndMarksThePlaceOfTheKey) {
  const auto echo = load("echo");
  const std::string body = R"({"model":"auto","messages":[]})";
  const auto request = echo->build_request(call_with(body));
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->path, "/complete");
  EXPECT_EQ(body_of(*request), body);
  EXPECT_EQ(request->headers.at(1).credential, 0u);
  freellm_call image = call_with(body);
  image.flags = FREELLM_CALL_IMAGES;
  EXPECT_EQ(echo->build_request(image).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(echo->build_probe().error().code, base::Errc::not_found);
  EXPECT_TRUE(echo->has_key_shape("echo-0123456789"));
  EXPECT_FALSE(echo->has_key_shape("echo-0"));
  EXPECT_FALSE(echo->has_key_shape(""));
}

TEST_F(ExamplesTest, EchoGivesWholeCharactersHoweverTheyAreCut) {
  const auto echo = load("echo");
  const std::string answer = "h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80!";
  expect_at_every_cut(echo, call_with("{}"), head_with(200), answer, answer);
  auto parser = Parser::open(echo, call_with("{}"), head_with(200));
  ASSERT_TRUE(parser);
  Recorder sink;
  for (const char& byte : answer) {
    const std::size_t before = sink.answer.size();
    EXPECT_EQ(parser->feed({&byte, 1}, sink), FREELLM_OK);
    const std::size_t given = sink.answer.size() - before;
    EXPECT_TRUE(given != 1 || (byte & 0x80) == 0) << "a character came in halves";
  }
  EXPECT_EQ(sink.answer, answer);
}

TEST_F(ExamplesTest, EchoSaysWhenAnAnswerHasNoEnd) {
  const auto echo = load("echo");
  for (const char* cut : {"", "h\xC3", "\xF0\x9F\x98"}) {
    auto parser = Parser::open(echo, call_with("{}"), head_with(200));
    ASSERT_TRUE(parser);
    Recorder sink;
    EXPECT_EQ(parser->feed(cut, sink), FREELLM_OK);
    EXPECT_EQ(parser->finish(sink), FREELLM_E_TRUNCATED) << cut;
  }
}

TEST_F(ExamplesTest, EchoSortsErrors) {
  const auto echo = load("echo");
  const freellm_outcome outcome = echo->classify(head_with(429), std::string(1000, 'm'), 0);
  EXPECT_EQ(outcome.error_class, std::uint32_t{FREELLM_C_RATE_LIMITED});
  EXPECT_EQ(std::string{outcome.message}, std::string(511, 'm'));
  EXPECT_EQ(echo->classify(head_with(418), "", 0).error_class, std::uint32_t{FREELLM_C_UNKNOWN});
}

TEST_F(ExamplesTest, TutorialWritesItsDialectOfTheCall) {
  const auto tutorial = load("tutorial");
  const std::string body =
      R"({"model":"auto","messages":[{"role":"user","content":"hi"}],"temperature":2,"logprobs":true,"max_tokens":5})";
  const auto member = [&body](std::string_view name, std::string_view value) {
    const std::size_t n = body.find("\"" + std::string{name} + "\"") + 1,
                      v = body.find(value, n + name.size());
    return freellm_member{{body.data() + n, name.size()}, {body.data() + v, value.size()}};
  };
  const freellm_member members[] = {
      member("model", "\"auto\""), member("messages", R"([{"role":"user","content":"hi"}])"),
      member("temperature", "2"), member("logprobs", "true"), member("max_tokens", "5")};
  freellm_call call = call_with(body);
  call.members = members;
  call.member_count = std::size(members);
  call.model = {"tutorial-small", 14};
  call.max_output_tokens = 5;
  const auto request = tutorial->build_request(call);
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->path, "/chat/completions");
  const std::string sent = body_of(*request);
  EXPECT_THAT(sent, HasSubstr(R"("model":"tutorial-small")"));
  EXPECT_THAT(sent, HasSubstr(R"("temperature":1.5)"));
  EXPECT_THAT(sent, HasSubstr(R"("max_completion_tokens":5)"));
  EXPECT_THAT(sent, HasSubstr(R"([{"role":"user","content":"hi"}])"));
  EXPECT_THAT(sent, Not(HasSubstr("logprobs")));
}

TEST_F(ExamplesTest, TutorialReadsAStreamAtEveryCut) {
  const auto tutorial = load("tutorial");
  const freellm_header type = {{"content-type", 12}, {"text/event-stream", 17}};
  freellm_head head = head_with(200);
  head.headers = &type;
  head.header_count = 1;
  freellm_call call = call_with("{}");
  call.flags = FREELLM_CALL_STREAM;
  const std::string answer =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\\u00e9llo\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n";
  expect_at_every_cut(tutorial, call, head, answer, "h\xC3\xA9llo");
}

TEST_F(ExamplesTest, TutorialTellsTheDayFromTheMinute) {
  const auto tutorial = load("tutorial");
  const auto class_of = [&](std::string_view body) {
    return tutorial->classify(head_with(429), body, 0).error_class;
  };
  EXPECT_EQ(class_of(R"({"error":{"message":"daily limit reached"}})"),
            std::uint32_t{FREELLM_C_QUOTA_EXHAUSTED});
  EXPECT_EQ(class_of(R"({"error":{"message":"slow down"}})"), std::uint32_t{FREELLM_C_RATE_LIMITED});
}

}  // namespace
}  // namespace freellmapi::host
