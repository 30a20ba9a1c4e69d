#include "chat/thread.hpp"

#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

const std::string system_and_first = R"({"role":"system","content":"S"},{"role":"user","content":"first"})";
const std::string second = R"(,{"role":"user","content":"second"})";

Thread thread(const std::string& messages) {
  const Decoded decoded = talk(messages);
  EXPECT_TRUE(decoded.result) << messages;
  return decoded.result ? decoded.request().thread : Thread{};
}
std::string assistant(const std::string& content) {
  return R"(,{"role":"assistant","content":)" + content + "}";
}
Answer saying(std::string text) {
  Answer answer;
  answer.text = std::move(text);
  return answer;
}
Answer calling(std::string name) {
  Answer answer;
  answer.calls.push_back({"call_1", std::move(name), R"({"path":"a.txt"})", ""});
  return answer;
}

TEST(Thread, NobodyHasAnsweredInAFirstTurn) {
  EXPECT_EQ(thread(system_and_first).begun, 0u);
  EXPECT_NE(thread(system_and_first).so_far, 0u);
}

TEST(Thread, TheNextTurnIsKnownByWhatWasSaidAndAnsweredBefore) {
  const std::uint64_t after_one = answered(thread(system_and_first).so_far, saying("yes"));
  const std::string two = system_and_first + assistant(R"("yes")") + second;
  EXPECT_EQ(thread(two).begun, after_one);
  const std::uint64_t after_two = answered(thread(two).so_far, saying("also"));
  EXPECT_EQ(thread(two + assistant(R"("also")") + R"(,{"role":"user","content":"third"})").begun, after_two);
  EXPECT_NE(after_one, after_two);
}

TEST(Thread, ConversationsThatBeginAlikeAreTwoOnceTheyAreAnswered) {
  const std::string yes = system_and_first + assistant(R"("yes")") + second;
  const std::string no = system_and_first + assistant(R"("no")") + second;
  EXPECT_NE(thread(yes).begun, thread(no).begun);
  EXPECT_NE(thread(R"({"role":"system","content":"T"},{"role":"user","content":"first"})" +
                   assistant(R"("yes")") + second)
                .begun,
            thread(yes).begun);
}

TEST(Thread, AnAnswerIsKnownInEveryFormInWhichClientsSendItBack) {
  const std::uint64_t begun =
      answered(thread(system_and_first).so_far, saying("  \xC3\xA9t\xC3\xA9 \"1\"\n"));
  for (const char* content :
       {R"("  \u00e9t\u00e9 \"1\"\n")", R"("été \"1\"")", R"([{"type":"text","text":"été \"1\""}])",
        R"([{"type":"text","text":"été "},)"
        R"({"type":"text","text":"\"1\""}])"}) {
    EXPECT_EQ(thread(system_and_first + assistant(content) + second).begun, begun) << content;
  }
}

TEST(Thread, ACallIsKnownByItsNameWhateverBecameOfItsId) {
  const std::uint64_t begun = answered(thread(system_and_first).so_far, calling("read_file"));
  const auto turn = [](const std::string& id, const std::string& name) {
    return system_and_first + R"(,{"role":"assistant","content":null,"tool_calls":[{"id":")" + id +
           R"(","type":"function","function":{"name":")" + name +
           R"(","arguments":"{ \"path\": \"a.txt\" }"}}]},{"role":"tool","tool_call_id":")" + id +
           R"(","content":"x"})";
  };
  EXPECT_EQ(thread(turn("call_1", "read_file")).begun, begun);
  EXPECT_EQ(thread(turn("toolu_9", "read_file")).begun, begun);
  EXPECT_NE(thread(turn("call_1", "write_file")).begun, begun);
}

TEST(Thread, ATextToGoOnWithIsNoAnswerYet) {
  EXPECT_EQ(thread(system_and_first + assistant(R"("It is")")).begun, 0u);
}

TEST(Thread, WhatIsMendedOnTheWayIsTheSameInEveryTurn) {
  // A call without a result gets one, and the old function_call becomes tool_calls.
  const std::string one = R"({"role":"user","content":"read"},{"role":"assistant","content":null,)"
                          R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]},)"
                          R"({"role":"user","content":"never mind"})";
  const std::uint64_t begun = answered(thread(one).so_far, saying("fine"));
  EXPECT_EQ(thread(one + assistant(R"("fine")") + second).begun, begun);
}

TEST(Thread, TellsLongTextsApartByBothEndsAndTheLength) {
  const auto after = [](const std::string& text) {
    return thread(R"({"role":"user","content":")" + text + "\"}").so_far;
  };
  const std::string body(20'000, 'x');
  EXPECT_NE(after("a" + body), after("b" + body));
  EXPECT_NE(after(body + "a"), after(body + "b"));
  EXPECT_NE(after(body), after(body + "x"));
  EXPECT_NE(after("a"), after("b"));
}

}  // namespace
}  // namespace freellmapi::chat
