#include "chat/tool_pairing.hpp"
#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

std::string calls(const std::vector<std::string>& ids) {
  std::string out = R"({"role":"assistant","content":null,"tool_calls":[)";
  for (std::size_t i = 0; i < ids.size(); ++i)
    out += (i == 0 ? "" : ",") + std::string{R"({"id":")"} + ids[i] +
           R"(","type":"function","function":{"name":"f","arguments":"{}"}})";
  return out + "]}";
}
std::string result(const std::string& id, const std::string& content = "r") {
  return R"({"role":"tool","tool_call_id":")" + id + R"(","content":")" + content + "\"}";
}
const std::string unnamed = R"({"role":"tool","content":"r"})";

TEST(Pairing, GivesResultsWithoutIdTheirCallsInOrder) {
  EXPECT_EQ(told(calls({"a", "b"}) + "," + unnamed + "," + unnamed),
            calls({"a", "b"}) + R"(,{"tool_call_id":"a","role":"tool","content":"r"},)"
                                R"({"tool_call_id":"b","role":"tool","content":"r"})");
  EXPECT_EQ(
      told(calls({"a", "b"}) + "," + result("a") + R"(,{"role":"tool","tool_call_id":null,"content":"r"})"),
      calls({"a", "b"}) + "," + result("a") + "," + result("b"));
}

TEST(Pairing, RenamesACallWhoseIdIsTaken) {
  EXPECT_EQ(told(calls({"x"}) + "," + result("x") + "," + calls({"x"}) + "," + result("x", "second")),
            calls({"x"}) + "," + result("x") + "," + calls({"call_auto_1"}) + "," +
                result("call_auto_1", "second"));
  EXPECT_EQ(told(calls({"x", "x"}) + "," + result("x", "1") + "," + result("x", "2")),
            calls({"x", "call_auto_1"}) + "," + result("x", "1") + "," + result("call_auto_1", "2"));
}

TEST(Pairing, GivesALaterTurnItsOwnResults) {
  EXPECT_EQ(
      told(calls({"x"}) + R"(,{"role":"user","content":"never mind"},)" + calls({"x"}) + "," + result("x")),
      calls({"x"}) + R"(,{"role":"user","content":"never mind"},)" + calls({"call_auto_1"}) + "," +
          result("call_auto_1"));
}

TEST(Pairing, DoesNotMakeAnIdThatIsThere) {
  EXPECT_EQ(told(calls({"call_auto_1"}) + "," + result("call_auto_1") + "," + calls({""}) + "," + unnamed),
            calls({"call_auto_1"}) + "," + result("call_auto_1") + "," + calls({"call_auto_2"}) +
                R"(,{"tool_call_id":"call_auto_2","role":"tool","content":"r"})");
}

TEST(Pairing, TellsAResultWithoutACallAsText) {
  const std::string note = R"([Result of a tool call that is not part of this conversation]\n)";
  EXPECT_EQ(told(result("lost", "42")), R"({"role":"user","content":")" + note + "42\"}");
  EXPECT_EQ(
      told(R"({"role":"tool","tool_call_id":"lost","content":[{"type":"text","text":"42"}]})"),
      R"({"role":"user","content":[{"type":"text","text":")" + note + R"("},{"type":"text","text":"42"}]})");
  EXPECT_EQ(
      told(R"({"role":"tool","tool_call_id":"lost","content":["42"]})"),
      R"({"role":"user","content":[{"type":"text","text":")" + note + R"("},{"type":"text","text":"42"}]})");
  EXPECT_EQ(
      told(R"({"role":"tool","tool_call_id":"lost","content":{"text":"42"}})"),
      R"({"role":"user","content":[{"type":"text","text":")" + note + R"("},{"type":"text","text":"42"}]})");
  EXPECT_EQ(told(R"({"role":"tool","tool_call_id":"lost","content":null})"),
            R"({"role":"user","content":")" + note + "\"}");
  EXPECT_EQ(told(R"({"role":"function","name":"f"})"), R"({"content":")" + note + R"(","role":"user"})");
  EXPECT_FALSE(talk(result("lost")).facts().tool_history);
}

TEST(Pairing, TakesASecondResultOfOneCallForAnOrphan) {
  const std::string told_twice = told(calls({"a"}) + "," + result("a") + "," + result("a"));
  EXPECT_NE(told_twice.find(R"({"role":"user","content":"[Result)"), std::string::npos);
}

TEST(Pairing, ReadsIdsThatAreEscaped) {
  const Decoded d = talk(calls({R"(a\u0062)"}) + "," + result("ab"));
  EXPECT_FALSE(d.copied());
  EXPECT_TRUE(d.facts().tool_history);
}

TEST(Pairing, GivesTheSameIdsToTheSameConversation) {
  const std::string begin = calls({""}) + "," + unnamed;
  const std::string longer =
      told(begin + R"(,{"role":"user","content":"on"},)" + calls({""}) + "," + unnamed);
  EXPECT_TRUE(longer.starts_with(told(begin)));
}

}  // namespace
}  // namespace freellmapi::chat
