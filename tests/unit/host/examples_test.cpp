// The examples of the SDK as they came out of the README's builds outside of the tree.
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

/// Where the README's commands put them: GCC with CMake, and by hand GCC (C) and clang (C++).
const std::string echo_of_cmake = "plugins/echo", echo_by_hand = "plugins-by-hand/echo";
const std::string tutorial_of_gcc = "plugins/tutorial", tutorial_of_clang = "plugins-by-hand/tutorial";

class ExamplesTest : public testing::Test {
 protected:
  std::shared_ptr<const Provider> load(const std::string& name) {
    const std::string file = fs::path(name).filename().string() + ".so";
    folder_.write(file, sample(name));
    auto loaded = loader_.load(folder_.path() / file);
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
  freellm_call stream_call() {
    freellm_call call = call_with("{}");
    call.flags = FREELLM_CALL_STREAM;
    return call;
  }
  freellm_head event_stream() {
    freellm_head head = head_with(200);
    head.headers = &event_stream_type;
    head.header_count = 1;
    return head;
  }
  const freellm_header event_stream_type = {{"content-type", 12}, {"text/event-stream", 17}};
  const std::string greeting =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\\u00e9llo \xF0\x9F\x98\x80\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n";
  const std::string greeting_text = "h\xC3\xA9llo \xF0\x9F\x98\x80";

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

TEST_F(ExamplesTest, TheTutorialIsTheOneOfTheReadme) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path{SDK_EXAMPLES} / "tutorial")) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), fs::path{SDK_EXAMPLES} / "tutorial");
    EXPECT_EQ(content_of(fs::path{HOST_SAMPLES} / name), content_of(entry.path())) << name;
    ++files;
  }
  EXPECT_GE(files, 5u);
  const std::string source = content_of(fs::path{SDK_EXAMPLES} / "tutorial/tutorial.cpp");
  EXPECT_LE(std::count(source.begin(), source.end(), '\n'), 25);
}

TEST_F(ExamplesTest, TheirManifestsHaveNoFaults) {
  for (const std::string& name : {echo_of_cmake, echo_by_hand, tutorial_of_gcc, tutorial_of_clang})
    EXPECT_EQ(faults_of_manifest(*load(name)), "") << name;
}

TEST_F(ExamplesTest, TheManifestIsTheSameHoweverItCameIntoThePlugin) {
  EXPECT_EQ(load(echo_of_cmake)->manifest(), load(echo_by_hand)->manifest());
  EXPECT_EQ(load(tutorial_of_gcc)->manifest(), load(tutorial_of_clang)->manifest());
  EXPECT_EQ(load(echo_by_hand)->manifest(), content_of(fs::path{SDK_EXAMPLES} / "echo/manifest.yaml"));
}

TEST_F(ExamplesTest, ThePkgConfigFileMovesWithTheSdk) {
  const std::string file = content_of(fs::path{HOST_SAMPLES} / "sdk/lib/pkgconfig/freellmapi-sdk.pc");
  EXPECT_THAT(file, HasSubstr("prefix=${pcfiledir}/"));
  EXPECT_THAT(file, Not(HasSubstr(HOST_SAMPLES)));
}

TEST_F(ExamplesTest, EchoWritesItsDialectOfTheCallAndMarksThePlaceOfTheKey) {
  const auto echo = load(echo_by_hand);
  const std::string body = R"({"messages":[],"user":"somebody","top_p":0.5,"stop":null})";
  const auto member = [&body](std::string_view name, std::string_view value) {
    return freellm_member{{body.data() + body.find(name), name.size()},
                          {body.data() + body.find(value, body.find(name) + name.size()), value.size()}};
  };
  const freellm_member members[] = {member("messages", "[]"), member("user", "\"somebody\""),
                                    member("top_p", "0.5"), member("stop", "null")};
  freellm_call call = call_with(body);
  call.model = {"echo-1", 6};
  call.members = members;
  call.member_count = std::size(members);
  const auto request = echo->build_request(call);
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->path(), "/chat/completions");
  EXPECT_EQ(body_of(*request), R"({"model":"echo-1","stream":false,"max_tokens":77,"top_p":0.5})");
  EXPECT_EQ(request->header(1).credential, 0u);
  freellm_call image = call;
  image.flags = FREELLM_CALL_IMAGES;
  EXPECT_EQ(echo->build_request(image).error().code, base::Errc::invalid_argument);
  EXPECT_TRUE(echo->build_probe());
  EXPECT_TRUE(echo->has_key_shape("echo-0123456789"));
  EXPECT_FALSE(echo->has_key_shape("echo-0"));
  EXPECT_FALSE(echo->has_key_shape(""));
}

TEST_F(ExamplesTest, EchoReadsAStreamAtEveryCut) {
  for (const std::string& name : {echo_of_cmake, echo_by_hand})
    expect_at_every_cut(load(name), stream_call(), event_stream(), greeting, greeting_text);
}

TEST_F(ExamplesTest, EchoSaysWhenAnAnswerHasNoEnd) {
  const auto echo = load(echo_by_hand);
  for (std::size_t size = 0; size < greeting.find("\"stop\""); ++size) {
    auto parser = Parser::open(echo, stream_call(), event_stream());
    ASSERT_TRUE(parser);
    Recorder sink;
    EXPECT_EQ(parser->feed(greeting.substr(0, size), sink), FREELLM_OK);
    EXPECT_EQ(parser->finish(sink), FREELLM_E_TRUNCATED) << size;
  }
}

TEST_F(ExamplesTest, EchoRefusesWhatIsNoJson) {
  const auto echo = load(echo_by_hand);
  for (const char* const text : {"{",
                                 "{}",
                                 "[]",
                                 "17",
                                 "{\"choices\":[}",
                                 "{\"choices\":[1,]}",
                                 "{\"choices\":[01]}",
                                 "{\"choices\":[\"\\x\"]}",
                                 "{\"choices\":[\"\\u12g4\"]}",
                                 "{\"choices\":[\"\xC0\x80\"]}",
                                 "{\"choices\":[\"\xED\xA0\x80\"]}",
                                 "{\"choices\":[\"\xF0\x9F\x98\"]}",
                                 "{\"choices\":[tru]}",
                                 "{\"choices\":[-]}",
                                 "{\"choices\":[1.]}",
                                 "{\"choices\":[1e]}",
                                 "{\"choices\":[]} x",
                                 "{\"choices\" []}",
                                 "{choices:[]}",
                                 "{\"choices\":[{\"delta\":{\"content\":17}}]}"}) {
    auto parser = Parser::open(echo, stream_call(), event_stream());
    ASSERT_TRUE(parser);
    Recorder sink;
    const freellm_status fed = parser->feed("data: " + std::string(text) + "\n\n", sink);
    EXPECT_EQ(fed, FREELLM_E_PROTOCOL) << text;
    EXPECT_EQ(sink.script, "") << text;
  }
  const std::string deep = "data: {\"choices\":" + std::string(100, '[') + std::string(100, ']') + "}\n\n";
  auto parser = Parser::open(echo, stream_call(), event_stream());
  ASSERT_TRUE(parser);
  Recorder sink;
  EXPECT_EQ(parser->feed(deep, sink), FREELLM_E_PROTOCOL);
}

TEST_F(ExamplesTest, EchoSortsErrors) {
  const auto echo = load(echo_by_hand);
  const std::string long_message = R"({"error":{"message":")" + std::string(1000, 'm') + R"("}})";
  const freellm_outcome outcome = echo->classify(head_with(429), long_message, 0);
  EXPECT_EQ(outcome.error_class, std::uint32_t{FREELLM_C_RATE_LIMITED});
  EXPECT_GE(std::string{outcome.message}.size(), 500u);
  EXPECT_EQ(echo->classify(head_with(418), "", 0).error_class, std::uint32_t{FREELLM_C_UNKNOWN});
}

TEST_F(ExamplesTest, TutorialWritesItsDialectOfTheCall) {
  const auto tutorial = load(tutorial_of_clang);
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
  EXPECT_EQ(request->path(), "/chat/completions");
  const std::string sent = body_of(*request);
  EXPECT_THAT(sent, HasSubstr(R"("model":"tutorial-small")"));
  EXPECT_THAT(sent, HasSubstr(R"("temperature":1.5)"));
  EXPECT_THAT(sent, HasSubstr(R"("max_completion_tokens":5)"));
  EXPECT_THAT(sent, HasSubstr(R"([{"role":"user","content":"hi"}])"));
  EXPECT_THAT(sent, Not(HasSubstr("logprobs")));
}

TEST_F(ExamplesTest, TutorialReadsAStreamAtEveryCut) {
  for (const std::string& name : {tutorial_of_gcc, tutorial_of_clang})
    expect_at_every_cut(load(name), stream_call(), event_stream(), greeting, greeting_text);
}

TEST_F(ExamplesTest, TutorialTellsTheDayFromTheMinute) {
  const auto tutorial = load(tutorial_of_clang);
  const auto class_of = [&](std::string_view body) {
    return tutorial->classify(head_with(429), body, 0).error_class;
  };
  EXPECT_EQ(class_of(R"({"error":{"message":"daily limit reached"}})"),
            std::uint32_t{FREELLM_C_QUOTA_EXHAUSTED});
  EXPECT_EQ(class_of(R"({"error":{"message":"slow down"}})"), std::uint32_t{FREELLM_C_RATE_LIMITED});
}

}  // namespace
}  // namespace freellmapi::host
