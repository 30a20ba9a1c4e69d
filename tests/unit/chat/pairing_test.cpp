#include <random>

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
      calls({"x"}) + no_result("x") + R"(,{"role":"user","content":"never mind"},)" + calls({"call_auto_1"}) +
          "," + result("call_auto_1"));
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

const std::string aside = R"({"role":"user","content":"wait"})";

TEST(Pairing, LeavesResultsInAnyOrderWhereTheyAre) {
  const Decoded d = talk(calls({"a", "b", "c"}) + "," + result("c") + "," + result("a") + "," + result("b"));
  EXPECT_FALSE(d.copied());
}

TEST(Pairing, AnswersCallsThatNobodyHas) {
  EXPECT_EQ(told(calls({"a", "b"}) + "," + result("b") + "," + aside + "," + calls({"c"})),
            calls({"a", "b"}) + "," + result("b") + no_result("a") + "," + aside + "," + calls({"c"}) +
                no_result("c"));
  EXPECT_EQ(told(calls({R"(q\"q)"})), calls({R"(q\"q)"}) + no_result(R"(q\"q)"));
}

TEST(Pairing, MovesAResultBehindItsCall) {
  EXPECT_EQ(told(calls({"a", "b"}) + "," + result("a") + "," + aside + "," + result("b", "late")),
            calls({"a", "b"}) + "," + result("a") + "," + result("b", "late") + "," + aside);
  // A note between, and one call that never got an answer.
  EXPECT_EQ(told(calls({"a", "b"}) + R"(,{"role":"system","content":"s"},)" + result("b")),
            calls({"a", "b"}) + "," + result("b") + no_result("a") + R"(,{"role":"system","content":"s"})");
  // In the midst of another turn that lacks an answer too.
  EXPECT_EQ(
      told(calls({"a"}) + "," + aside + "," + calls({"b"}) + "," + result("a") + "," + aside),
      calls({"a"}) + "," + result("a") + "," + aside + "," + calls({"b"}) + no_result("b") + "," + aside);
  EXPECT_EQ(told(calls({"a"}) + "," + aside + "," + calls({"b"}) + "," + result("a") + "," + result("b")),
            calls({"a"}) + "," + result("a") + "," + aside + "," + calls({"b"}) + "," + result("b"));
  // What has to be mended inside is mended there.
  EXPECT_EQ(told(calls({"a"}) + "," + aside + R"(,{"role":"function","content":["r"],"tool_call_id":"a"})"),
            calls({"a"}) + R"(,{"role":"tool","content":[{"type":"text","text":"r"}],"tool_call_id":"a"},)" +
                aside);
}

TEST(Pairing, IsDoneOnce) {
  for (const std::string& messages : {calls({"a", "b"}) + "," + aside + "," + result("b") + "," + aside +
                                          "," + result("lost") + "," + result("a"),
                                      calls({"x"}) + "," + aside + "," + calls({"x", "", "x"}) + "," +
                                          unnamed + "," + result("x") + "," + unnamed}) {
    const std::string once = told(messages);
    const Decoded again = talk(once);
    EXPECT_FALSE(again.copied()) << once;
    EXPECT_EQ(told(once), once);
  }
}

TEST(Pairing, BringsAnyMixtureInOrderInOneGo) {
  const std::vector<std::string> kinds{
      calls({"a"}),
      calls({"b", "a"}),
      calls({"", "c"}),
      result("a"),
      result("b"),
      result("c"),
      result("x"),
      unnamed,
      aside,
      R"({"role":"system","content":"s"})",
      R"({"role":"assistant","content":"t"})",
      R"({"role":"tool","tool_call_id":"b","content":["p",{"type":"input_image","image_url":"http://h/i"}]})"};
  std::mt19937 random(11);
  for (int round = 0; round < 3'000; ++round) {
    std::string messages = aside;
    for (std::size_t n = random() % 10; n > 0; --n) messages += "," + kinds[random() % kinds.size()];
    const std::string once = told(messages);
    const Decoded again = talk(once);
    ASSERT_FALSE(again.copied()) << messages << " became " << once;
    ASSERT_EQ(told(once), once) << messages;
  }
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
