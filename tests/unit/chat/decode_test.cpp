#include "chat/decode.hpp"

#include <sstream>

#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

// What a coding agent sends: long, strict, nothing to repair.
std::string strict_body(std::size_t about) {
  std::string body =
      R"({"model":"auto","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,)"
      R"("tools":[{"type":"function","function":{"name":"read_file","description":"Reads.",)"
      R"("parameters":{"type":"object","properties":{"path":{"type":"string"}}}}}],"messages":[)"
      R"({"role":"system","content":"You are an agent."})";
  for (std::size_t turn = 0; body.size() < about; ++turn) {
    const std::string id = "call_" + std::to_string(turn);
    body += R"(,{"role":"user","content":"go on"},{"role":"assistant","content":null,"tool_calls":[{"id":")" +
            id +
            R"(","type":"function","function":{"name":"read_file","arguments":"{\"path\":\"a.cpp\"}"}}]})" +
            R"(,{"role":"tool","tool_call_id":")" + id + R"(","content":")";
    for (int line = 0; line < 40; ++line) body += R"(int main() { return \"x\"[0]; } // caf\u00e9 中\n)";
    body += "\"}";
  }
  return body + "]}";
}

TEST(Decode, LeavesAStrictClientsMegabyteWhereItIs) {
  std::string body = strict_body(1 << 20);
  const std::string before = body;
  const auto request = decode(body);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, &body);
  EXPECT_EQ(request->storage, nullptr);
  EXPECT_EQ(body, before);
  for (const Member& m : request->members) {
    EXPECT_GE(m.value.data(), body.data());
    EXPECT_LE(m.value.data() + m.value.size(), body.data() + body.size());
  }
}

TEST(Decode, FindsMembersFactsAndKnobs) {
  const Decoded d{strict_body(4'000)};
  ASSERT_TRUE(d.result);
  EXPECT_EQ(d.request().model, "auto");
  EXPECT_TRUE(d.request().stream);
  EXPECT_TRUE(d.request().include_usage);
  EXPECT_EQ(d.request().members.size(), 6u);
  EXPECT_EQ(d.member("temperature"), "0.2");
  EXPECT_TRUE(d.facts().tools);
  EXPECT_TRUE(d.facts().tool_history);
  EXPECT_TRUE(d.facts().assistant_seen);
  EXPECT_FALSE(d.facts().extras);
  EXPECT_FALSE(d.facts().parts);
  EXPECT_FALSE(d.facts().late_system);
  EXPECT_EQ(d.facts().message_count % 3, 1u);
  EXPECT_GT(d.facts().text_bytes, 2'000u);
  EXPECT_GT(d.facts().wide_bytes, 100u);
  EXPECT_EQ(d.facts().schema_bytes, d.member("tools").size());
}

TEST(Decode, SeesAnEscapedNameForWhatItIs) {
  const Decoded d{R"({"m\u006fdel":"au\u0074o","messages":[{"role":"us\u0065r","content":"hi"}]})"};
  ASSERT_TRUE(d.result);
  EXPECT_EQ(d.request().model, "auto");
  EXPECT_EQ(d.member("model"), R"("au\u0074o")");
}

TEST(Decode, BlanksMembersThatOpenAiDoesNotKnow) {
  const Decoded d = with(R"(,"my_secret":{"a":[1,2]},"top_k":5,"also":1)");
  EXPECT_EQ(d.body(), R"({"model":"auto","messages":[{"role":"user","content":"hi"}],"top_k":5})");
  EXPECT_EQ(d.member("my_secret"), "");
  EXPECT_FALSE(d.copied());
  EXPECT_EQ(Decoded(R"({"x":1,"model":"m","y":2,"messages":[{"role":"user","content":"hi"}]})").body(),
            R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
}

TEST(Decode, TakesNullForNotSaid) {
  const Decoded d = with(
      R"(,"temperature":null,"max_tokens":null,"stop":null,"tools":null,"tool_choice":null,"stream":null,"n":null,)"
      R"("response_format":null,"user":null,"reasoning_effort":null,"logit_bias":null,"audio":null,"seed":null,)"
      R"("functions":null,"function_call":null,"web_search_options":null,"modalities":null,"stream_options":null)");
  EXPECT_EQ(d.body(), R"({"model":"auto","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_FALSE(d.copied());
  EXPECT_EQ(d.request().members.size(), 2u);
}

TEST(Decode, SaysWhatIsNotJsonAndWhere) {
  const Decoded d{R"({"model":"auto","messages":[{"role":"user","content":"tell nobody" x}]})"};
  ASSERT_FALSE(d.result);
  EXPECT_EQ(d.result.error().status, 400);
  EXPECT_EQ(d.fault(), "invalid_json ");
  EXPECT_EQ(d.result.error().message, "The body is not valid JSON: ',' or '}' was expected (at byte 67).");
  EXPECT_EQ(Decoded("").fault(), "invalid_json ");
  EXPECT_EQ(Decoded("[]").fault(), "invalid_type ");
  EXPECT_EQ(Decoded("\"x\"").fault(), "invalid_type ");
  EXPECT_EQ(with("} {").fault(), "invalid_json ");
}

TEST(Decode, RefusesNamesThatComeTwiceWhereTheRouterReads) {
  EXPECT_EQ(with(R"(,"model":"x")").fault(), "invalid_json ");
  EXPECT_EQ(with(R"(,"mod\u0065l":"x")").fault(), "invalid_json ");
  EXPECT_EQ(talk(R"({"role":"user","content":"a","content":"b"})").fault(), "invalid_json ");
  EXPECT_EQ(talk(R"({"role":"user","content":[{"type":"text","text":"a","text":"b"}]})").fault(),
            "invalid_json ");
  EXPECT_EQ(with(R"(,"tools":[{"type":"function","function":{"name":"a","name":"b"}}])").fault(),
            "invalid_json ");
  EXPECT_EQ(with(R"(,"metadata":{"a":"1","a":"2"})").fault(), "fine");  // nobody looks into it
}

TEST(Decode, NamesWhatIsMissing) {
  EXPECT_EQ(Decoded(R"({"messages":[{"role":"user","content":"hi"}]})").fault(),
            "missing_required_parameter model");
  EXPECT_EQ(Decoded(R"({"model":"auto"})").fault(), "missing_required_parameter messages");
  EXPECT_EQ(Decoded(R"({"model":"","messages":[]})").fault(), "invalid_value model");
  EXPECT_EQ(Decoded(R"({"model":7})").fault(), "invalid_type model");
  EXPECT_EQ(Decoded(R"({"model":"auto","messages":[]})").fault(), "invalid_value messages");
  EXPECT_EQ(Decoded(R"({"model":"auto","messages":{}})").fault(), "invalid_type messages");
  EXPECT_EQ(Decoded("{\"model\":\"" + std::string(300, 'm') + "\"}").fault(), "invalid_value model");
}

TEST(Decode, KeepsNulAndLineSeparatorsInTexts) {
  const std::string message = "{\"role\":\"user\",\"content\":\"a\\u0000b\xE2\x80\xA8\"}";
  EXPECT_EQ(told(message), message);
}

TEST(Decode, RepairsHalfAnEmojiWithoutACopy) {
  const Decoded d = talk(R"({"role":"user","content":"cut \ud83d"})");
  EXPECT_EQ(d.body(), R"({"model":"auto","messages":[{"role":"user","content":"cut \ufffd"}]})");
  EXPECT_FALSE(d.copied());
}

TEST(Decode, IsStable) {
  const Decoded first{
      R"({"model":"auto","functions":[{"name":"f"}],"function_call":{"name":"f"},"x":1,"stop":["a","","b"],)"
      R"("messages":[{"role":"user","content":["a",{"text":"b"}]},{"role":"assistant","function_call":)"
      R"({"name":"f","arguments":{"x":1}}},{"role":"function","name":"f","content":null},{"role":"tool","content":"?"}]})"};
  ASSERT_TRUE(first.result) << first.result.error().message;
  EXPECT_TRUE(first.copied());
  const Decoded second{*first.request().body};
  ASSERT_TRUE(second.result);
  EXPECT_FALSE(second.copied());
  EXPECT_EQ(*second.request().body, *first.request().body);
}

TEST(Decode, BoundsTheRepairsItMakes) {
  std::string messages = R"({"role":"user"})";
  for (int i = 0; i < 110'000; ++i) messages += R"(,{"role":"user"})";
  EXPECT_EQ(talk(messages).fault(), "invalid_value messages");
}

TEST(Session, IsWhatTheClientNames) {
  EXPECT_EQ(session_named("s1"), session_named("s1"));
  EXPECT_NE(session_named("s1"), session_named("s2"));
  EXPECT_EQ(session_named(""), 0u);
}

TEST(Estimate, IsRatherTooHigh) {
  Facts facts;
  facts.message_count = 1;
  facts.text_bytes = 3'000;
  EXPECT_EQ(estimate_tokens(facts), 1'000u + 8u + 1u);
  facts.wide_bytes = 3'000;  // a thousand Chinese characters
  EXPECT_EQ(estimate_tokens(facts), 1'500u + 8u + 1u);
  facts.image_count = 2;
  facts.schema_bytes = 300;
  EXPECT_EQ(estimate_tokens(facts), 1'500u + 100u + 2'200u + 8u + 1u);
}

}  // namespace
}  // namespace freellmapi::chat
