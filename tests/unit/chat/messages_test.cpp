#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

const std::string call_a = R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",)"
                           R"("function":{"name":"f","arguments":"{}"}}]})";
const std::string result_a = R"({"role":"tool","tool_call_id":"a","content":"done"})";

TEST(Messages, OfAStrictClientAreNotTouched) {
  const std::string messages =
      R"({"role":"developer","content":"D"},{"role":"user","content":"hi","name":"bob"},)" + call_a + "," +
      result_a + R"(,{"role":"assistant","content":"so"})";
  const Decoded d = talk(messages);
  EXPECT_FALSE(d.copied());
  EXPECT_EQ(told(messages), messages);
  EXPECT_EQ(d.facts().message_count, 5u);
  EXPECT_TRUE(d.facts().developer);
  EXPECT_TRUE(d.facts().names);
  EXPECT_TRUE(d.facts().tool_history);
  EXPECT_TRUE(d.facts().prefill);
  EXPECT_FALSE(d.facts().late_system);
  EXPECT_FALSE(d.facts().extras);
  EXPECT_FALSE(talk(R"({"role":"user","content":"hi"},)" + call_a).facts().prefill);
}

TEST(Messages, NameTheirFaults) {
  EXPECT_EQ(talk("7").fault(), "invalid_type messages[0]");
  EXPECT_EQ(talk("null").fault(), "invalid_type messages[0]");
  EXPECT_EQ(talk(R"({"role":"user","content":"a"},{"content":"b"})").fault(),
            "missing_required_parameter messages[1].role");
  EXPECT_EQ(talk(R"({"role":"wizard","content":"a"})").fault(), "invalid_value messages[0].role");
  EXPECT_EQ(talk(R"({"role":7,"content":"a"})").fault(), "invalid_type messages[0].role");
  EXPECT_EQ(talk(R"({"role":"user","content":"a","name":7})").fault(), "invalid_type messages[0].name");
  EXPECT_EQ(talk(R"({"role":"tool","content":"a","tool_call_id":7})").fault(),
            "invalid_type messages[0].tool_call_id");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":{}})").fault(), "invalid_type messages[0].tool_calls");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[7]})").fault(),
            "invalid_type messages[0].tool_calls[0]");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[{"id":"a"}]})").fault(),
            "missing_required_parameter messages[0].tool_calls[0].function");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]})").fault(),
            "missing_required_parameter messages[0].tool_calls[0].function.name");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":[]}}]})").fault(),
            "invalid_type messages[0].tool_calls[0].function.arguments");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[{"type":"custom","function":{"name":"f"}}]})").fault(),
            "unsupported_value messages[0].tool_calls[0].type");
  EXPECT_EQ(talk(R"({"role":"assistant","tool_calls":[{"id":7,"function":{"name":"f"}}]})").fault(),
            "invalid_type messages[0].tool_calls[0].id");
  EXPECT_EQ(talk(R"({"role":"user","content":"a","tool_calls":[{"function":{"name":"f"}}]})").fault(),
            "invalid_value messages[0].tool_calls");
  EXPECT_EQ(talk(R"({"role":"assistant","function_call":"f"})").fault(),
            "invalid_type messages[0].function_call");
  EXPECT_EQ(talk(R"({"role":"user","content":{"type":"text","text":7}})").fault(),
            "invalid_type messages[0].content.text");
}

TEST(Messages, WithoutContentGetAnEmptyOne) {
  EXPECT_EQ(told(R"({"role":"user","content":null})"), R"({"role":"user","content":""})");
  EXPECT_EQ(told(R"({"role":"assistant","content":null})"), R"({"role":"assistant","content":""})");
  EXPECT_EQ(told(R"({"role":"assistant"})"), R"({"content":"","role":"assistant"})");
  EXPECT_EQ(told(call_a + R"(,{"role":"tool","tool_call_id":"a","content":null})"),
            call_a + R"(,{"role":"tool","tool_call_id":"a","content":""})");
  EXPECT_FALSE(talk(R"({"role":"assistant","content":null})").copied());
}

TEST(Messages, LoseNullsAndEmptyToolCallsWithoutACopy) {
  const Decoded d = talk(
      R"({"role":"user","content":"q"},{"role":"assistant","content":"hi","refusal":null,"audio":null,"function_call":null,)"
      R"("tool_calls":null,"name":null},{"role":"assistant","tool_calls":[],"content":"x"})");
  EXPECT_EQ(
      d.body(),
      R"({"model":"auto","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"hi"},{"role":"assistant","content":"x"}]})");
  EXPECT_FALSE(d.copied());
  EXPECT_FALSE(d.facts().extras);
  EXPECT_FALSE(d.facts().tool_history);
}

TEST(Messages, KeepWhatTheyHaveBeyondTheSchemaAndSaySo) {
  const std::string extra = R"({"role":"assistant","content":"x","annotations":[]})";
  EXPECT_EQ(told(extra), extra);
  EXPECT_TRUE(talk(extra).facts().extras);
  const std::string signed_call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",)"
      R"("function":{"name":"f","arguments":"{}"},"extra_content":{"google":{}}}]})";
  EXPECT_EQ(told(signed_call), signed_call + no_result("a"));
  EXPECT_TRUE(talk(signed_call).facts().extras);
}

TEST(Messages, WithReasoningAreAFact) {
  const Facts f = talk(R"({"role":"assistant","content":"x","reasoning_content":"hm"})").facts();
  EXPECT_TRUE(f.reasoning_history);
  EXPECT_FALSE(f.extras);
  EXPECT_TRUE(talk(R"({"role":"assistant","content":"x","reasoning":"hm"})").facts().extras);
  EXPECT_EQ(told(R"({"role":"assistant","content":"x","reasoning_content":""})"),
            R"({"role":"assistant","content":"x"})");
}

TEST(Messages, OfTheSystemAfterOthersAreAFact) {
  EXPECT_TRUE(talk(R"({"role":"user","content":"a"},{"role":"system","content":"b"})").facts().late_system);
  EXPECT_FALSE(
      talk(R"({"role":"system","content":"a"},{"role":"developer","content":"b"})").facts().late_system);
}

std::string call(const std::string& inside) {
  return R"({"role":"assistant","content":null,"tool_calls":[{)" + inside + "}]}";
}
/// What becomes of a message with that call when it is the last one.
std::string alone(const std::string& inside, const std::string& id = "a") {
  return call(inside) + no_result(id);
}
const std::string plain_f = R"("function":{"name":"f","arguments":"{}"})";

TEST(ToolCalls, GetIdAndType) {
  EXPECT_EQ(told(call(plain_f)), alone(R"("type":"function","id":"call_auto_1",)" + plain_f, "call_auto_1"));
  EXPECT_EQ(told(call(R"("id":null,"type":null,)" + plain_f)),
            alone(R"("type":"function","id":"call_auto_1",)" + plain_f, "call_auto_1"));
  EXPECT_EQ(told(call(R"("id":"","type":"function",)" + plain_f)),
            alone(R"("id":"call_auto_1","type":"function",)" + plain_f, "call_auto_1"));
}

TEST(ToolCalls, LoseTheIndexOfAStream) {
  EXPECT_EQ(told(call(R"("index":0,"id":"a","type":"function",)" + plain_f)),
            alone(R"("id":"a","type":"function",)" + plain_f));
}

TEST(ToolCalls, HaveArgumentsAsAString) {
  const auto arguments = [](const std::string& said) {
    return told(call(R"("id":"a","type":"function","function":{"name":"f","arguments":)" + said + "}"));
  };
  const auto expected = [](const std::string& text) {
    return alone(R"("id":"a","type":"function","function":{"name":"f","arguments":)" + text + "}");
  };
  EXPECT_EQ(arguments(R"({"path":"a\"b","n":1.50})"), expected(R"("{\"path\":\"a\\\"b\",\"n\":1.50}")"));
  EXPECT_EQ(arguments("null"), expected(R"("{}")"));
  EXPECT_EQ(arguments(R"("")"), expected(R"("{}")"));
  EXPECT_EQ(arguments(R"("not json")"), expected(R"("not json")"));
  EXPECT_EQ(told(call(R"("id":"a","type":"function","function":{"name":"f"})")),
            alone(R"("id":"a","type":"function","function":{"arguments":"{}","name":"f"})"));
}

TEST(ToolCalls, ConvertTheOldFunctionCallAndItsResult) {
  EXPECT_EQ(told(R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
                 R"({"role":"function","name":"f","content":"done"})"),
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_auto_1","type":"function",)"
            R"("function":{"name":"f","arguments":"{}"}}]},)"
            R"({"tool_call_id":"call_auto_1","role":"tool","name":"f","content":"done"})");
}

TEST(ToolCalls, OfOneMessageAreBounded) {
  std::string many = R"({"role":"assistant","tool_calls":[)";
  for (int i = 0; i < 1'100; ++i) many += (i == 0 ? "{" : ",{") + plain_f + "}";
  EXPECT_EQ(talk(many + "]}").fault(), "invalid_value messages[0].tool_calls");
}

}  // namespace
}  // namespace freellmapi::chat
