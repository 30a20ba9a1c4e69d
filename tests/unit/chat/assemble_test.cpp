#include "chat/assemble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace freellmapi::chat {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

// Writes down what comes out.
class Notes final : public EventTaker {
 public:
  void on_event(const Event& event) override {
    switch (event.kind) {
      case Event::Kind::text:
        lines.push_back("text " + std::string{event.text});
        break;
      case Event::Kind::reasoning:
        lines.push_back("reasoning " + std::string{event.text});
        break;
      case Event::Kind::refusal:
        lines.push_back("refusal " + std::string{event.text});
        break;
      case Event::Kind::extra:
        lines.push_back("extra " + event.extra->name + " " + event.extra->json);
        break;
      case Event::Kind::tool_call:
        lines.push_back("call " + std::to_string(event.call_index) + " " + event.call->id + " " +
                        event.call->name + " " + event.call->arguments + " " + event.call->extra);
    }
  }
  std::vector<std::string> lines;
};

ToolPiece piece(std::uint32_t index, std::string_view id, std::string_view name, std::string_view arguments) {
  return {index, id, name, arguments, {}};
}

TEST(Assembler, SendsTextAtOnceAndKeepsTheWhole) {
  Notes notes;
  Assembler a(&notes);
  a.reasoning("hm");
  a.text("Hel");
  a.text("");
  a.text("lo");
  EXPECT_THAT(notes.lines, ElementsAre("reasoning hm", "text Hel", "text lo"));
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  EXPECT_EQ(a.answer().text, "Hello");
  EXPECT_EQ(a.answer().reasoning, "hm");
  EXPECT_EQ(a.answer().finish, Finish::stop);
}

TEST(Assembler, SendsToolCallsWholeAndAtTheEnd) {
  Notes notes;
  Assembler a(&notes);
  a.tool(piece(0, "c0", "f", ""));
  a.tool(piece(1, "c1", "g", R"({"x":)"));
  a.tool(piece(0, "", "", R"({"a":1)"));
  a.tool(piece(1, "", "", "2}"));
  a.tool(piece(0, "", "", "}"));
  EXPECT_TRUE(notes.lines.empty());
  EXPECT_TRUE(a.has_calls());
  EXPECT_EQ(a.finish("tool_calls"), Fed::ok);
  EXPECT_THAT(notes.lines, ElementsAre(R"(call 0 c0 f {"a":1} )", R"(call 1 c1 g {"x":2} )"));
  EXPECT_EQ(a.answer().calls.size(), 2u);
}

TEST(Assembler, MakesIdsThatAreMissingOrTaken) {
  Assembler a;
  a.tool(piece(0, "", "f", "{}"));
  a.tool(piece(1, "same", "f", "{}"));
  a.tool(piece(2, "same", "f", "{}"));
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  EXPECT_THAT(a.answer().calls[0].id, StartsWith("call_"));
  EXPECT_EQ(a.answer().calls[1].id, "same");
  EXPECT_THAT(a.answer().calls[2].id, StartsWith("call_"));
}

TEST(Assembler, SplitsCallsOfAProviderThatDoesNotCount) {
  Assembler a;
  a.tool(piece(0, "c0", "f", R"({"a":1})"));
  a.tool(piece(0, "c1", "g", R"({"b":2})"));
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  ASSERT_EQ(a.answer().calls.size(), 2u);
  EXPECT_EQ(a.answer().calls[1].name, "g");
}

TEST(Assembler, TellsMalformedCallsAndSendsNone) {
  for (const char* arguments : {"{\"a\":", "[1]", "7", "plain", "{} {}", R"("plain")", R"("[1]")"}) {
    Notes notes;
    Assembler a(&notes);
    a.tool(piece(0, "good", "f", "{}"));
    a.tool(piece(1, "bad", "f", arguments));
    EXPECT_EQ(a.finish("stop"), Fed::malformed) << arguments;
    EXPECT_TRUE(notes.lines.empty()) << arguments;
    EXPECT_TRUE(a.answer().calls.empty());
  }
  Assembler nameless;
  nameless.tool(piece(0, "c", "", "{}"));
  EXPECT_EQ(nameless.finish("stop"), Fed::malformed);
}

TEST(Assembler, LetsToolCallsWinOverStop) {
  const auto finished = [](bool calls, std::string_view reason) {
    Assembler a;
    if (calls) a.tool(piece(0, "c", "f", "{}"));
    a.finish(reason);
    return name(*a.answer().finish);
  };
  EXPECT_EQ(finished(true, "stop"), "tool_calls");
  EXPECT_EQ(finished(true, "length"), "length");
  EXPECT_EQ(finished(false, "tool_calls"), "stop");
  EXPECT_EQ(finished(false, "content_filter"), "content_filter");
  EXPECT_EQ(finished(false, "end_turn"), "stop");
}

TEST(Assembler, CountsTheFirstFinishReason) {
  Assembler a;
  a.finish("length");
  a.finish("stop");
  EXPECT_EQ(a.answer().finish, Finish::length);
}

TEST(Assembler, IgnoresAbsurdUsage) {
  Assembler a;
  a.usage({10, 5, 20, 9});
  EXPECT_EQ(a.answer().usage.cached, 10u);
  EXPECT_EQ(a.answer().usage.reasoning, 5u);
  a.usage({std::numeric_limits<std::uint64_t>::max(), 7, {}, {}});
  EXPECT_EQ(a.answer().usage.input, 10u);
  EXPECT_EQ(a.answer().usage.output, 7u);
}

TEST(Assembler, PassesExtrasOnAsOneLineOfJson) {
  Notes notes;
  Assembler a(&notes);
  a.extra(false, "citations", "[\n  \"a\\n\"\r\n]");
  a.extra(false, "system_fingerprint", "fp_x\"}\n\ndata: evil");
  a.extra(true, "finish_reason", "\"stop\"");
  a.extra(false, "choices", "[]");
  EXPECT_THAT(notes.lines, ElementsAre("extra citations [   \"a\\n\"  ]"));
}

TEST(Assembler, PutsLogprobsOfAStreamTogether) {
  Assembler a;
  a.extra(true, "logprobs", R"({"content":[{"token":"a"}],"refusal":null})");
  a.extra(true, "logprobs", R"({"content":[{"token":"b"},{"token":"c"}]})");
  a.extra(true, "logprobs", R"({"content":[]})");
  ASSERT_EQ(a.answer().extras.size(), 1u);
  EXPECT_EQ(a.answer().extras[0].json,
            R"({"content":[{"token":"a"},{"token":"b"},{"token":"c"}],"refusal":null})");
}

TEST(Assembler, KeepsACallsExtraWhenItIsAnObject) {
  Assembler a;
  a.tool({0, "a", "f", "{}", R"({"google":{"thought_signature":"s"}})"});
  a.tool({1, "b", "f", "{}", "[1]"});
  a.finish("stop");
  EXPECT_EQ(a.answer().calls[0].extra, R"({"google":{"thought_signature":"s"}})");
  EXPECT_EQ(a.answer().calls[1].extra, "");
}

TEST(Assembler, IsBounded) {
  Assembler texts;
  const std::string mebibyte(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) EXPECT_EQ(texts.text(mebibyte), Fed::ok);
  EXPECT_EQ(texts.text("x"), Fed::too_long);

  Assembler calls;
  for (std::uint32_t i = 0; i < 128; ++i) EXPECT_EQ(calls.tool(piece(i, "", "f", "")), Fed::ok);
  EXPECT_EQ(calls.tool(piece(128, "", "f", "")), Fed::too_long);
  EXPECT_EQ(calls.tool(piece(5, "", "", mebibyte)), Fed::ok);
  EXPECT_EQ(calls.tool(piece(5, "", "", "x")), Fed::too_long);
  EXPECT_EQ(calls.tool(piece(6, std::string(300, 'i'), "", "")), Fed::too_long);

  Assembler extras;
  EXPECT_EQ(extras.extra(false, "x", "\"" + mebibyte + "\""), Fed::too_long);
  for (int i = 0; i < 100; ++i) extras.extra(false, "x" + std::to_string(i), "1");
  EXPECT_EQ(extras.answer().extras.size(), 64u);
}

TEST(Arguments, AreRepaired) {
  const auto repaired = [](std::string arguments) { return repair_arguments(arguments) ? arguments : "no"; };
  EXPECT_EQ(repaired(""), "{}");
  EXPECT_EQ(repaired("  "), "{}");
  EXPECT_EQ(repaired("null"), "{}");
  EXPECT_EQ(repaired(R"({"a": 1})"), R"({"a": 1})");
  EXPECT_EQ(repaired(R"("{\"a\":\"b\\n\"}")"), R"({"a":"b\n"})");
  EXPECT_EQ(repaired(R"("")"), "{}");
  EXPECT_EQ(repaired(R"({"a":"\ud83d"})"), R"({"a":"\ufffd"})");
  EXPECT_EQ(repaired("nope"), "no");
  EXPECT_EQ(repaired("{\"a\":\"\xFF\"}"), "no");
}

struct Form {
  std::vector<OfferedTool> tools{
      {"move", R"({"type":"object","required":["to"],"properties":{"to":{"type":"object"}}})"}};
  Offered offered(bool checked, JsonForm form = {}) const { return {tools, form.wanted(), checked, form}; }
};

TEST(Calls, AreHeldAgainstTheSchemaOfTheirTool) {
  const Form form;
  const auto end = [&](const char* name, const char* arguments, bool checked) {
    Assembler a(nullptr, form.offered(checked));
    a.tool(piece(0, "id", name, arguments));
    return a.finish("tool_calls");
  };
  EXPECT_EQ(end("move", R"({"to":{}})", true), Fed::ok);
  EXPECT_EQ(end("functions.move:0", R"({"to":"{}"})", true), Fed::ok);
  EXPECT_EQ(end("move", R"({"to":7})", true), Fed::malformed);
  EXPECT_EQ(end("move", "", true), Fed::malformed);
  EXPECT_EQ(end("fly", R"({"to":{}})", true), Fed::malformed);
  EXPECT_EQ(end("fly", R"({"to":7})", false), Fed::ok);
}

TEST(AnAnswerThatMustBeJson, IsHeldWithItsReasoningUntilItIsKnownToBe) {
  const Form form;
  const JsonForm json{R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"array"}}})", true,
                      true};
  Notes taken;
  Assembler a(&taken, {{}, true, true, json});
  a.reasoning("hm");
  EXPECT_TRUE(a.calling());
  a.text("```\n[1");
  a.text("]\n```");
  EXPECT_EQ(a.held_bytes(), 11u);
  EXPECT_TRUE(taken.lines.empty());
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  EXPECT_EQ(taken.lines, (std::vector<std::string>{"reasoning hm", "text [1]"}));
  EXPECT_EQ(a.answer().text, "[1]");

  Assembler wrong(&taken, form.offered(true, json));
  wrong.text("{}");
  EXPECT_EQ(wrong.finish("stop"), Fed::not_json);
  Assembler thoughts(&taken, form.offered(true, json));
  thoughts.reasoning("only thoughts");
  EXPECT_EQ(thoughts.finish("stop"), Fed::not_json);
  Assembler nothing(&taken, form.offered(true, json));
  EXPECT_EQ(nothing.finish("stop"), Fed::ok);  // an empty answer has a name of its own
  Assembler called(&taken, form.offered(true, json));
  called.text("I shall move.");
  called.tool(piece(0, "id", "move", R"({"to":{}})"));
  EXPECT_EQ(called.finish("stop"), Fed::ok);
  EXPECT_EQ(called.answer().text, "I shall move.");
}

TEST(AnAnswerThatMustBeJson, GoesOutInPiecesThatAReaderOfLinesTakes) {
  const JsonForm json{R"({"type":"json_object"})", false, false};
  Notes taken;
  Assembler a(&taken, Form{}.offered(true, json));
  std::string text = "[\"";
  for (int i = 0; i < 10'000; ++i) text += "\u00e9";
  a.text(text + "\"]");
  EXPECT_EQ(a.finish("stop"), Fed::ok);
  ASSERT_EQ(taken.lines.size(), 3u);
  for (const std::string& event : taken.lines) EXPECT_LE(event.size(), 8'192u + 5);
}

}  // namespace
}  // namespace freellmapi::chat
