#include "chat/tool_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "chat/assemble.hpp"
#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

constexpr std::string_view schema =
    R"({"type":"object","properties":{"zip":{"type":"string"},"days":{"type":"integer"},"note":{"enum":["a","1"]}}})";
const std::vector<OfferedTool> tools{{"get_weather", schema}, {"search", ""}, {"function", ""}};

class Collected final : public TextTaker {
 public:
  Fed on_text(std::string_view text) override {
    said += text;
    return Fed::ok;
  }
  std::string said;
};

/// What came of an answer: its text, then each call as [name arguments], then how it failed.
std::string read_in(const std::vector<std::string_view>& pieces, bool json_wanted = false) {
  Collected out;
  ToolText text({tools, json_wanted});
  Fed fed = Fed::ok;
  for (const std::string_view piece : pieces)
    if (fed == Fed::ok) fed = text.feed(std::string{piece}, out);
  if (fed == Fed::ok) fed = text.finish(out);
  if (fed == Fed::malformed) return out.said + "!malformed";
  if (fed == Fed::too_long) return out.said + "!too long";
  for (const WrittenCall& call : text.calls()) out.said += "[" + call.name + " " + call.arguments + "]";
  return out.said;
}

/// The same, having seen that no cut changes it.
std::string read(std::string_view answer, bool json_wanted = false) {
  const std::string whole = read_in({answer}, json_wanted);
  for (std::size_t cut = 1; cut < answer.size(); ++cut)
    EXPECT_EQ(read_in({answer.substr(0, cut), answer.substr(cut)}, json_wanted), whole)
        << answer << " cut at " << cut;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < answer.size(); ++i) bytes.push_back(answer.substr(i, 1));
  EXPECT_EQ(read_in(bytes, json_wanted), whole) << answer << " byte by byte";
  return whole;
}

const std::string oslo = R"({"city": "Oslo"})";
const std::string called = R"([get_weather {"city": "Oslo"}])";

TEST(ToolText, LooksForNoJsonCallBehindMoreBlanksThanItHolds) {
  const std::string call = R"({"name":"search","arguments":{}})";
  EXPECT_EQ(read(std::string(100, ' ') + call + "\n``` ```\n"), "[search {}]");
  EXPECT_EQ(read(std::string(100, '\n') + "```json" + std::string(100, ' ') + call + "\n```"), "[search {}]");
  for (const std::string& blanks : {std::string(5'000, ' '), "```" + std::string(5'000, ' ')}) {
    EXPECT_EQ(read_in({blanks + call}), blanks + call);
    EXPECT_EQ(read_in({blanks, call}), blanks + call);
    EXPECT_EQ(read_in({blanks.substr(0, 4'500), blanks.substr(4'500), call}), blanks + call);
  }
}

TEST(ToolText, TakesTokensOfKimiForCalls) {
  const auto section = [](const std::string& inside) {
    return "<|tool_calls_section_begin|>" + inside + "<|tool_calls_section_end|>";
  };
  const std::string one =
      "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>" + oslo + "<|tool_call_end|>";
  EXPECT_EQ(read(section(one)), called);
  EXPECT_EQ(read(one), called);
  EXPECT_EQ(read("Let me see." + section(one)), "Let me see." + called);
  EXPECT_EQ(read(section(one + "<|tool_call_begin|>functions.search:1<|tool_call_argument_begin|>{}"
                               "<|tool_call_end|>")),
            called + "[search {}]");
  EXPECT_EQ(read(section("\n <|tool_call_begin|> search <|tool_call_argument_begin|> <|tool_call_end|>\n")),
            "[search {}]");
  EXPECT_EQ(read("<|tool_call_begin|>get_weather<|tool_call_argument_begin|>" + oslo), called);
}

TEST(ToolText, TakesTokensOfDeepSeekForCalls) {
  EXPECT_EQ(read("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n" +
                 oslo + "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
            called);
  EXPECT_EQ(read("I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>" + oslo +
                 "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>search<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
                 "<｜tool▁calls▁end｜>"),
            "I look." + called + "[search {}]");
}

TEST(ToolText, TakesFunctionTagsForCalls) {
  EXPECT_EQ(read("<function=get_weather" + oslo + "</function>"), called);
  EXPECT_EQ(read("<function=get_weather>" + oslo + "</function>"), called);
  EXPECT_EQ(read("<function=get_weather>" + oslo), called);
  EXPECT_EQ(read("<function=get_weather(" + oslo + ")</function>"), called);
  EXPECT_EQ(read("<function=search></function>"), "[search {}]");
  EXPECT_EQ(
      read("Sure.\n<function=get_weather>\n" + oslo + "\n</function>\n<function=search>{}</function>\n"),
      "Sure.\n" + called + "[search {}]");
}

TEST(ToolText, TakesParametersInTagsAsTheSchemaSays) {
  EXPECT_EQ(read("<function=get_weather>\n<parameter=zip>\n0150\n</parameter>\n<parameter=days>\n3\n"
                 "</parameter>\n<parameter=note>\n1\n</parameter>\n</function>"),
            R"([get_weather {"zip":"0150","days":3,"note":1}])");
  EXPECT_EQ(read("<tool_call>\n<function=get_weather>\n<parameter=zip>a\n\"b\"</parameter>\n</function>\n"
                 "</tool_call>"),
            R"([get_weather {"zip":"a\n\"b\""}])");
  EXPECT_EQ(read("<tool_call><function=search><parameter=q></function> is a tag</parameter></function>"),
            R"([search {"q":"</function> is a tag"}])");
  EXPECT_EQ(read("<tool_call><function=search><parameter=q>{\"a\":[1]}</parameter>"),
            R"([search {"q":{"a":[1]}}])");
  EXPECT_EQ(read("<tool_call>get_weather\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>"),
            R"([get_weather {"days":2}])");
  EXPECT_EQ(read("<tool_call>search\n</tool_call>"), "[search {}]");
}

TEST(ToolText, TakesHermesTagsForCalls) {
  const std::string call = R"(<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}</tool_call>)";
  EXPECT_EQ(read(call), called);
  EXPECT_EQ(read("\n" + call + "\n" + call), "\n" + called + called);
  EXPECT_EQ(read("<tool_call>\n{\"name\": \"search\"}\n"), "[search {}]");
  EXPECT_EQ(read(R"(<tool_call>{"name":"search","arguments":"{\"q\":\"</tool_call>\"}"}</tool_call>)"),
            R"([search {"q":"</tool_call>"}])");
  EXPECT_EQ(read(call + "\nThat is it."), "That is it." + called);
}

TEST(ToolText, TakesAnAnswerThatIsAJsonCallForOne) {
  EXPECT_EQ(read(R"({"name":"get_weather","arguments":{"city": "Oslo"}})"), called);
  EXPECT_EQ(read(R"( {"type":"function","name":"get_weather","parameters":{"city": "Oslo"}} )"), called);
  EXPECT_EQ(read(R"({"type":"function","function":{"name":"get_weather","arguments":{"city": "Oslo"}}})"),
            called);
  EXPECT_EQ(read(R"({"arguments":{"city": "Oslo"},"name":"functions.get_weather"})"), called);
  EXPECT_EQ(read("```json\n{\"tool\":\"get_weather\",\"args\":{\"city\": \"Oslo\"}}\n```\n"), called);
  EXPECT_EQ(read("```\n[{\"name\":\"get_weather\",\"arguments\":{\"city\": \"Oslo\"}},"
                 "{\"name\":\"search\",\"arguments\":{}}]```"),
            called + "[search {}]");
  EXPECT_EQ(read(R"({"tool_calls":[{"id":"a","function":{"name":"search","arguments":"{}"}}]})"),
            "[search {}]");
}

TEST(ToolText, LeavesOtherJsonAlone) {
  for (const std::string_view answer :
       {R"({"name":"Oslo","arguments":{}})",
        R"({"name":"search"})",
        R"({"city":"Oslo"})",
        "[1] says so",
        "[]",
        R"({"name":"search","arguments":{},"population":7})",
        R"({"name":"search","arguments":{}} is what I'd call)",
        R"(The call is {"name":"search","arguments":{}})",
        "{",
        R"({"name":"sea)",
        "``",
        "`x`",
        "```",
        "```json",
        "```python\nprint({})\n```",
        R"({"type":"function","function":{"name":"nope","arguments":{}}})",
        R"([{"name":"search","arguments":{}},7])",
        "{}",
        "  ",
        R"({"arguments":{"name":"search"}})",
        "```json\n{\"name\":\"search\",\"arguments\":{}}\n```\nThat was JSON."})
    EXPECT_EQ(read(answer), answer);
}

TEST(ToolText, LeavesJsonAloneThatTheClientAskedFor) {
  const std::string answer = R"({"name":"search","arguments":{}})";
  EXPECT_EQ(read(answer, true), answer);
  EXPECT_EQ(read("<function=search>{}</function>", true), "[search {}]");
}

TEST(ToolText, LeavesTextAboutMarksAlone) {
  for (const std::string_view answer :
       {"a < b and b <c> d", "x <tool_call> y",
        "The tag `<tool_call>{\"name\":\"x\"}</tool_call>` is Hermes'.",
        "Write \"<function=f>{}</function>\".", "<function=> is empty", "<function=f is open", "<functional>",
        "</tool_call> closes", "</function>", "<|tool_call_begi", "<tool_cal", "<", "<｜tool▁ca", "<｜",
        "<\xEF", "<|im_end|>", "<function=foo> calls foo", "<tool_call>s are XML", "if (a<b) {\n  f();\n}"})
    EXPECT_EQ(read(answer), answer);
}

TEST(ToolText, LeavesExamplesInFencesAlone) {
  for (const std::string_view answer :
       {"Hermes' template:\n```jinja\n<tool_call>\n{\"name\": <function-name>, \"arguments\": {}}\n"
        "</tool_call>\n```\nThat is all.",
        "So:\n```python\nTAG = <function=nobody>{}</function>\n```\nDone.",
        "So:\n```\n<tool_call>{\"name\":\"nobody\",\"arguments\":{\"a\":1}}</tool_call>\n```\nDone.",
        "So:\n```\n<tool_call>{'name': 'search'}</tool_call>\n```",
        "So:\n```\n<function=search><parameter=>x</parameter></function>\n```\nDone.",
        "So:\n```\n<function=search>{\"q\":\n```\nis cut.", "So:\n```\n<tool_call>",
        "So:\n```\n<function=search><parameter=q>half"})
    EXPECT_EQ(read(answer), answer);
  EXPECT_EQ(read("I look.\n```xml\n<function=search>{}</function>\n```\n<function=search>{}</function>"),
            "I look.\n```xml\n[search {}][search {}]");
  EXPECT_EQ(read("So:\n```\n<function=search>{}</function>\n```\nAnd <function=nobody>{}</function>"),
            "So:\n```\nAnd !malformed");
  EXPECT_EQ(read("```sh\nls\n```\n<function=nobody>{}</function>"), "```sh\nls\n```\n!malformed");
  EXPECT_EQ(
      read("<｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n{\"q\":}\n```<｜tool▁call▁end｜>"),
      "!malformed");
}

TEST(ToolText, HoldsNothingOfOrdinaryText) {
  Collected out;
  ToolText text({tools, false});
  text.feed("Hello, ", out);
  EXPECT_EQ(out.said, "Hello, ");
  text.feed("2 < 3", out);
  EXPECT_EQ(out.said, "Hello, 2 < 3");
  text.feed(" and <too", out);
  EXPECT_EQ(out.said, "Hello, 2 < 3 and ");
  EXPECT_TRUE(text.has_something());
  text.feed("t>", out);
  EXPECT_EQ(out.said, "Hello, 2 < 3 and <toot>");
  EXPECT_FALSE(text.has_something());
}

TEST(ToolText, TellsCallsThatAreNone) {
  for (const std::string_view answer :
       {"<function=nobody>{}</function>",
        "<function=search>{\"q\":}</function>",
        "<function=search>[1]</function>",
        "<function=search>",
        "<function=search>{\"q\":\"",
        "<function=sea",
        "<tool_call>",
        "<tool_call>{\"name\":\"search\"",
        "<tool_call>{\"name\":\"nobody\",\"arguments\":{}}</tool_call>",
        "<tool_call>{\"name\":\"search\",\"arguments\":7}</tool_call>",
        "<tool_call>{'name': 'search'}</tool_call>",
        "<tool_call>nobody<arg_key>a</arg_key><arg_value>b</arg_value></tool_call>",
        "<tool_call><function=nobody></function></tool_call>",
        "<|tool_calls_section_begin|>",
        "<|tool_call_begin|>",
        "<|tool_calls_section_begin|><|tool_calls_section_end|>",
        "<|tool_call_begin|>functions.nobody:0<|tool_call_argument_begin|>{}<|tool_call_end|>",
        "<|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>{\"q\":",
        "<function=search><parameter=q>half",
        "<function=search><parameter=>x</parameter></function>",
        R"({"name":"search","arguments":{"q":"a)",
        "{\"name\":\"search\",\"arguments\":{\"q\":\"a\nb\"}}",
        R"({"name":"search","arguments":[1]})"})
    EXPECT_EQ(read(answer), "!malformed") << answer;
  EXPECT_EQ(read("I try.\n<function=nobody>{}</function>"), "I try.\n!malformed");
}

TEST(ToolText, IsBounded) {
  Collected out;
  ToolText endless({tools, false});
  const std::string mebibyte(1 << 20, 'x');
  EXPECT_EQ(endless.feed("<function=search>{\"q\":\"", out), Fed::ok);
  EXPECT_EQ(endless.feed(mebibyte, out), Fed::ok);
  EXPECT_EQ(endless.feed(mebibyte, out), Fed::too_long);

  // JSON that does not say what it is within 4 KiB is text, however it was cut.
  const std::string slow = R"({"arguments":{"q":")" + std::string(5000, 'x') + R"("},"name":"search"})";
  EXPECT_EQ(read_in({slow}), slow);
  EXPECT_EQ(read_in({slow.substr(0, 3000), slow.substr(3000)}), slow);

  std::string many;
  for (int i = 0; i < 129; ++i) many += "<function=search>{}</function>";
  EXPECT_EQ(read_in({many}), "!malformed");

  // A long call in small pieces takes time that is linear in it.
  ToolText patient({tools, false});
  patient.feed("<function=search>{\"q\":\"", out);
  for (int i = 0; i < 250'000; ++i) ASSERT_EQ(patient.feed("<>}{", out), Fed::ok);
  EXPECT_EQ(patient.feed("\"}</function>", out), Fed::ok);
  EXPECT_EQ(patient.finish(out), Fed::ok);
  EXPECT_EQ(patient.calls().size(), 1u);
}

TEST(ToolText, ReadsAnyMixtureTheSameHoweverItIsCut) {
  constexpr std::array<std::string_view, 30> fragments{"<tool_call>",
                                                       "</tool_call>",
                                                       "<function=",
                                                       "</function>",
                                                       "search",
                                                       "nobody",
                                                       ">",
                                                       "{",
                                                       "}",
                                                       "{}",
                                                       R"({"name":"search","arguments":{}})",
                                                       R"({"name":"search","arguments":{"q":")",
                                                       "\"",
                                                       "\\",
                                                       "\n",
                                                       " ",
                                                       "text",
                                                       "`",
                                                       "```json\n",
                                                       "<|tool_call_begin|>",
                                                       "<|tool_call_argument_begin|>",
                                                       "<|tool_call_end|>",
                                                       "<|tool_calls_section_begin|>",
                                                       "<｜tool▁sep｜>",
                                                       "<parameter=a>",
                                                       "</parameter>",
                                                       "<arg_key>",
                                                       "</arg_key>",
                                                       "<",
                                                       "["};
  std::mt19937 random(7);
  const auto up_to = [&random](std::size_t n) { return random() % n; };
  for (int round = 0; round < 3'000; ++round) {
    std::string answer;
    for (std::size_t n = 1 + up_to(12); n > 0; --n) answer += fragments[up_to(fragments.size())];
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0, size = 0; at < answer.size(); at += size) {
      size = 1 + up_to(6);
      pieces.push_back(std::string_view{answer}.substr(at, size));
    }
    ASSERT_EQ(read_in(pieces), read_in({answer})) << answer;
  }
}

TEST(Offered, AreTheToolsOfTheRequest) {
  const Decoded d =
      with(R"(,"tools":[{"function":{"name":"f","description":"d","parameters":{"type":"object"}}},)"
           R"({"type":"function","function":{"name":"\u0067"}}])");
  const Offered offered = offered_by(d.request(), true);
  ASSERT_EQ(offered.tools.size(), 2u);
  EXPECT_EQ(offered.tools[0].name, "f");
  EXPECT_EQ(offered.tools[0].parameters, R"({"type":"object"})");
  EXPECT_NE(offered.meant("functions.g:12"), nullptr);
  EXPECT_NE(offered.meant(" f "), nullptr);
  EXPECT_EQ(offered.meant("f:x"), nullptr);
  EXPECT_FALSE(offered.json_wanted);

  const std::string one = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";
  EXPECT_TRUE(offered_by(with(one + R"(,"tool_choice":"none")").request(), true).tools.empty());
  EXPECT_EQ(offered_by(with(one + R"(,"tool_choice":"required")").request(), true).tools.size(), 1u);
  EXPECT_TRUE(
      offered_by(with(one + R"(,"response_format":{"type":"json_object"})").request(), true).json_wanted);
  EXPECT_EQ(offered_by(with(R"(,"functions":[{"name":"old"}])").request(), true).tools.size(), 1u);
}

Fed finished(Assembler& a, std::string_view text) {
  const Fed fed = a.text(text);
  return fed == Fed::ok ? a.finish("stop") : fed;
}

TEST(AssemblerWithTools, MakesWrittenCallsToRealOnes) {
  Assembler a(nullptr, {tools, false});
  EXPECT_EQ(a.text("Well. <tool_call>{\"name\":\"search\",\"arguments\":{\"q\":1}}"), Fed::ok);
  EXPECT_TRUE(a.calling());
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  EXPECT_EQ(a.answer().text, "Well. ");
  ASSERT_EQ(a.answer().calls.size(), 1u);
  EXPECT_TRUE(a.answer().calls[0].id.starts_with("call_"));
  EXPECT_EQ(a.answer().calls[0].name, "search");
  EXPECT_EQ(a.answer().calls[0].arguments, R"({"q":1})");
  EXPECT_EQ(a.answer().finish, Finish::tool_calls);
}

TEST(AssemblerWithTools, LetsCallsWinThatTheProviderMadeItself) {
  for (const char* text :
       {"<function=search>{}</function>", "<function=nobody>{}</function>", "<function=search>{"}) {
    Assembler a(nullptr, {tools, false});
    a.tool({0, "c", "get_weather", "{}", {}});
    EXPECT_EQ(finished(a, text), Fed::ok);
    ASSERT_EQ(a.answer().calls.size(), 1u);
    EXPECT_EQ(a.answer().calls[0].name, "get_weather");
  }
}

TEST(AssemblerWithTools, TellsBrokenCallsAndDoesNotSearchThoughts) {
  Assembler broken(nullptr, {tools, false});
  EXPECT_EQ(finished(broken, "<function=nobody>{}</function>"), Fed::malformed);
  Assembler thinking(nullptr, {tools, false});
  thinking.reasoning("<function=search>{}</function>");
  EXPECT_EQ(finished(thinking, "ok"), Fed::ok);
  EXPECT_TRUE(thinking.answer().calls.empty());
}

TEST(AssemblerWithTools, WithoutOfferedToolsPassesMarksOn) {
  Assembler a;
  EXPECT_EQ(finished(a, "<function=search>{}</function>"), Fed::ok);
  EXPECT_EQ(a.answer().text, "<function=search>{}</function>");
  EXPECT_EQ(a.answer().finish, Finish::stop);
}

}  // namespace
}  // namespace freellmapi::chat
