#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "chat/json_scan.hpp"
#include "surfaces/openai/encode.hpp"

namespace freellmapi::surfaces::openai {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

relay::Route route() {
  return {"req-1", false, "groq", "llama-3.3-70b", base::WallTime{std::chrono::seconds{1'767'225'600}}};
}

chat::Event text_event(std::string_view text, chat::Event::Kind kind = chat::Event::Kind::text) {
  chat::Event event;
  event.kind = kind;
  event.text = text;
  return event;
}

chat::Event call_event(const chat::ToolCall& call, std::uint32_t index) {
  chat::Event event;
  event.kind = chat::Event::Kind::tool_call;
  event.call = &call;
  event.call_index = index;
  return event;
}

chat::Event extra_event(const chat::Extra& extra) {
  chat::Event event;
  event.kind = chat::Event::Kind::extra;
  event.extra = &extra;
  return event;
}

// The events of a stream, without their `data: ` and with id and time taken out; each is checked to be one
// JSON line.
std::vector<std::string> frames(const std::string& out) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = out.find("\n\n", at);
    EXPECT_NE(end, std::string::npos) << out.substr(at);
    std::string frame = out.substr(at, end - at);
    EXPECT_EQ(frame.find_first_of("\r\n"), std::string::npos) << frame;
    EXPECT_THAT(frame, StartsWith("data: "));
    frame.erase(0, 6);
    EXPECT_TRUE(frame == "[DONE]" || !chat::check_json(frame)) << frame;
    const std::size_t choices = frame.find("\"choices\"");
    found.push_back(choices == std::string::npos ? frame : frame.substr(choices));
    at = end + 2;
  }
  return found;
}

TEST(Stream, GoesFromTheRoleToTheEndMark) {
  ChatEncoder encoder(true);
  std::string out;
  encoder.begin(route(), out);
  encoder.event(text_event("hm", chat::Event::Kind::reasoning), out);
  encoder.event(text_event("Hello"), out);
  encoder.finish(chat::Finish::stop, {10, 5, 4, 2}, out);
  EXPECT_THAT(
      frames(out),
      testing::ElementsAre(
          R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})",
          R"("choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}],"usage":null})",
          R"("choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}],"usage":null})",
          R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})",
          R"("choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,)"
          R"("prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})",
          "[DONE]"));
}

TEST(Stream, NamesTheRoutedModelAndOneIdInEveryChunk) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  const std::string first = out;
  encoder.event(text_event("x"), out);
  const std::string head = first.substr(0, first.find("\"choices\""));
  EXPECT_THAT(head, StartsWith("data: {\"id\":\"chatcmpl-"));
  EXPECT_THAT(head, EndsWith("\"object\":\"chat.completion.chunk\",\"created\":1767225600,"
                             "\"model\":\"groq/llama-3.3-70b\","));
  EXPECT_THAT(out.substr(first.size()), StartsWith(head));
}

TEST(Stream, HasNoUsageUnlessAskedFor) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  encoder.finish(chat::Finish::length, {10, 5, {}, {}}, out);
  EXPECT_THAT(out, Not(HasSubstr("usage")));
  EXPECT_THAT(out, EndsWith("\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n"));
}

TEST(Stream, BringsEachToolCallWhole) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  out.clear();
  const chat::ToolCall plain{"call_1", "f", R"({"a":"b"})", ""};
  const chat::ToolCall with_signature{"call_2", "g", "{}", R"({"google":{"thought_signature":"s"}})"};
  encoder.event(call_event(plain, 0), out);
  encoder.event(call_event(with_signature, 1), out);
  EXPECT_THAT(
      frames(out),
      testing::ElementsAre(
          R"("choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function",)"
          R"("function":{"name":"f","arguments":"{\"a\":\"b\"}"}}]},"finish_reason":null}]})",
          R"("choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function",)"
          R"("function":{"name":"g","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]},)"
          R"("finish_reason":null}]})"));
}

TEST(Stream, PutsExtrasWhereTheyBelong) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  out.clear();
  const chat::Extra logprobs{true, "logprobs", R"({"content":[]})"},
      citations{false, "citations", R"(["a"])"};
  encoder.event(extra_event(logprobs), out);
  encoder.event(extra_event(citations), out);
  EXPECT_THAT(frames(out),
              testing::ElementsAre(
                  R"("choices":[{"index":0,"delta":{},"logprobs":{"content":[]},"finish_reason":null}]})",
                  R"("choices":[{"index":0,"delta":{},"finish_reason":null}],"citations":["a"]})"));
}

TEST(Stream, CannotBeForgedByAText) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  out.clear();
  encoder.event(text_event("a\r\n\r\ndata: [DONE]\n\nevent: x\n\xE2\x80\xA8\xE2\x80\xA9\xC2\x85\"}\xFF"
                           "\xE4\xB8\xAD"),
                out);
  EXPECT_THAT(
      frames(out),
      testing::ElementsAre(
          R"("choices":[{"index":0,"delta":{"content":"a\r\n\r\ndata: [DONE]\n\nevent: x\n\u2028\u2029\u0085\"})"
          "\xEF\xBF\xBD\xE4\xB8\xAD"
          R"("},"finish_reason":null}]})"));
}

TEST(Stream, ThatFailsEndsWithAnErrorAndNothingAfter) {
  ChatEncoder encoder(true);
  std::string out;
  encoder.begin(route(), out);
  out.clear();
  relay::Failure failure;
  failure.status = 502;
  failure.code = "stream_cut";
  failure.message = "groq cut the answer";
  encoder.failed("req-1", failure, out);
  encoder.event(text_event("late"), out);
  encoder.finish(chat::Finish::stop, {}, out);
  EXPECT_EQ(out,
            "data: {\"error\":{\"message\":\"groq cut the answer\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":\"stream_cut\"},\"request_id\":\"req-1\"}\n\n");
}

TEST(Stream, HasOneEnd) {
  ChatEncoder encoder(false);
  std::string out;
  encoder.begin(route(), out);
  encoder.finish(chat::Finish::stop, {}, out);
  const std::size_t ended = out.size();
  encoder.finish(chat::Finish::stop, {}, out);
  encoder.event(text_event("late"), out);
  EXPECT_EQ(out.size(), ended);
}

TEST(Stream, PingsWithAComment) {
  ChatEncoder encoder(false);
  EXPECT_EQ(encoder.ping(), ": ping\n\n");
}

std::string body(const chat::Answer& answer) {
  std::string text;
  ChatEncoder(false).whole(route(), answer, text);
  EXPECT_FALSE(chat::check_json(text)) << text;
  return text.substr(text.find("\"choices\""));
}

TEST(Whole, IsACompletion) {
  chat::Answer answer;
  answer.text = "Hi \"you\"";
  answer.reasoning = "hm";
  answer.usage = {3, 2, {}, {}};
  answer.finish = chat::Finish::stop;
  answer.extras.push_back({false, "system_fingerprint", "\"fp\""});
  EXPECT_EQ(
      body(answer),
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\"","refusal":null,)"
      R"("reasoning_content":"hm"},"logprobs":null,"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"system_fingerprint":"fp"})");
  std::string whole;
  ChatEncoder(false).whole(route(), answer, whole);
  EXPECT_THAT(whole,
              HasSubstr(R"("object":"chat.completion","created":1767225600,"model":"groq/llama-3.3-70b")"));
}

// The client's own id may be that of many requests.
TEST(Whole, HasTheRequestsIdWhereItIsOurs) {
  relay::Route from = route();
  std::string clients, again, ours;
  ChatEncoder(false).whole(from, {}, clients);
  ChatEncoder(false).whole(from, {}, again);
  from.id_is_ours = true;
  ChatEncoder(false).whole(from, {}, ours);
  EXPECT_THAT(ours, StartsWith("{\"id\":\"chatcmpl-req-1\","));
  EXPECT_THAT(clients, testing::MatchesRegex("\\{\"id\":\"chatcmpl-[0-9a-v]{24}\",.*"));
  EXPECT_NE(clients, again);
}

TEST(Whole, HasNullContentBesideCallsAlone) {
  chat::Answer answer;
  answer.calls.push_back({"call_1", "f", "{}", ""});
  answer.calls.push_back({"call_2", "g", "{}", ""});
  answer.finish = chat::Finish::tool_calls;
  EXPECT_THAT(
      body(answer),
      StartsWith(
          R"("choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,)"
          R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}},)"
          R"({"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
          R"("logprobs":null,"finish_reason":"tool_calls"}])"));
}

TEST(Whole, CarriesLogprobsAndRefusals) {
  chat::Answer answer;
  answer.refusal = "no";
  answer.extras.push_back({true, "logprobs", R"({"content":[]})"});
  EXPECT_THAT(
      body(answer),
      HasSubstr(R"("content":null,"refusal":"no"},"logprobs":{"content":[]},"finish_reason":"stop")"));
}

}  // namespace
}  // namespace freellmapi::surfaces::openai
