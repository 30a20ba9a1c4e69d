#include <gtest/gtest.h>

#include <freellmapi/json.hpp>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

constexpr std::string_view envelopes[] = {"x_box"};
constexpr OpenAiDialect dialect = {.envelopes = envelopes};

struct Box final : OpenAiProvider {
  static constexpr std::string_view id = "box", manifest = "id: box";
  constexpr Box() : OpenAiProvider(dialect) {}
  void edit_choice(boost::json::object& choice) const override {
    if (choice.contains("box_reason")) choice["finish_reason"] = choice["box_reason"];
  }
  void edit_answer(boost::json::object& answer) const override {
    if (answer.contains("inside")) answer["choices"] = answer["inside"];
  }
};

/// Looks at each answer before it is read.
struct Watching final : OpenAiProvider {
  static constexpr std::string_view id = "watching", manifest = "id: watching";
  constexpr Watching() : OpenAiProvider(dialect) {}
  struct Parser : OpenAiParser {
    using OpenAiParser::OpenAiParser;
    void look_at(const boost::json::object& answer, EventsOut& out) override {
      if (string_at(answer, "model") == "another") fail(FREELLM_C_MODEL_UNAVAILABLE, true, "not asked", out);
    }
  };
};

using Lines = std::vector<std::string>;

Answer stream(std::string_view body) { return parse_answer<Box>(body, "text/event-stream"); }
Answer whole(std::string_view body) { return parse_answer<Box>(body, "application/json"); }

std::string frame(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }
std::string delta(std::string_view json) {
  return frame(R"({"choices":[{"index":0,"delta":)" + std::string(json) + "}]}");
}
std::string ending(std::string_view reason = "stop") {
  return frame(R"({"choices":[{"index":0,"delta":{},"finish_reason":")" + std::string(reason) + "\"}]}");
}
const std::string hi = delta(R"({"content":"hi"})");
const std::string done = "data: [DONE]\n\n";

TEST(Parser, AStreamMayEndWithoutDoneOnlyAfterAFinish) {
  EXPECT_EQ(stream(hi + ending() + done).end, FREELLM_OK);
  EXPECT_EQ(stream(hi + ending()).end, FREELLM_OK);
  const Answer cut = stream(hi);
  EXPECT_EQ(cut.end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(cut.events, (Lines{"text hi"}));
  EXPECT_EQ(stream("").end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(stream(": ping\n\n").end, FREELLM_E_TRUNCATED);
}

TEST(Parser, DoneIsAnEndTooWhenThereWasAnAnswer) {
  EXPECT_EQ(stream(hi + done).events, (Lines{"text hi", "finish stop"}));
  EXPECT_EQ(stream(done).events, (Lines{"error 18 the provider ended the answer without one"}));
}

TEST(Parser, WhoLooksAtAnAnswerMayEndItBeforeAWordOfItPasses) {
  const std::string body =
      R"({"model":"another","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})";
  EXPECT_EQ(parse_answer<Watching>(body, "application/json").events, (Lines{"error 8 not asked"}));
  EXPECT_EQ(parse_answer<Watching>(hi + frame(R"({"model":"another","choices":[]})") + hi + done,
                                   "text/event-stream")
                .events,
            (Lines{"text hi", "error 8 not asked"}));
}

TEST(Parser, AnAnswerIsReadInOneCallUnlessSomebodyAddedToTheParser) {
  const auto reads_whole = [](const freellm_provider& table) {
    return table.get_extension(&table, str(FREELLM_EXT_WHOLE)) != nullptr;
  };
  EXPECT_TRUE(reads_whole(provider_table<Box>));
  static_assert(!ReadsWhole<Watching::Parser>);
}

TEST(Parser, NothingAfterDoneCounts) {
  EXPECT_EQ(stream(hi + ending() + done + hi + "data: garbage\n\n").events,
            (Lines{"text hi", "finish stop"}));
}

TEST(Parser, TheFirstOfTwoFinishReasonsCountsAndLaterTextIsNotPassedOn) {
  EXPECT_EQ(stream(hi + ending("length") + hi + ending("stop") + done).events,
            (Lines{"text hi", "finish length"}));
}

TEST(Parser, UsageIsTakenFromEveryPlaceAndAfterTheFinish) {
  const Lines expected{"text hi", "finish stop", "usage 5 6 - -"};
  EXPECT_EQ(stream(hi + ending() +
                   frame(R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}})") + done)
                .events,
            expected);
  EXPECT_EQ(
      stream(hi + ending() + frame(R"({"x_box":{"usage":{"prompt_tokens":5,"completion_tokens":6}}})") + done)
          .events,
      expected);
  EXPECT_EQ(stream(hi + ending() +
                   frame(R"({"choices":[{"index":0,"usage":{"input_tokens":5,"output_tokens":6}}]})") + done)
                .events,
            expected);
}

TEST(Parser, AbsurdUsageIsNotSaid) {
  const auto usage = [](std::string_view json) {
    const Answer a =
        stream(hi + frame(R"({"choices":[],"usage":)" + std::string(json) + "}") + ending() + done);
    EXPECT_EQ(a.end, FREELLM_OK);
    return a.events.size() == 3 ? a.events[1] : std::string();
  };
  EXPECT_EQ(usage(R"({"prompt_tokens":-5,"completion_tokens":3})"), "usage - 3 - -");
  EXPECT_EQ(usage(R"({"prompt_tokens":1e308,"completion_tokens":"7"})"), "");
  EXPECT_EQ(usage(R"({"prompt_tokens":12.0,"completion_tokens":null})"), "usage 12 - - -");
  EXPECT_EQ(usage(R"({"prompt_tokens":18446744073709551615})"), "");
  EXPECT_EQ(usage(R"([1])"), "");
  EXPECT_EQ(
      usage(
          R"({"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2}})"),
      "usage 9 4 8 2");
}

TEST(Parser, AJsonBodyAnswersAStreamedCallToo) {
  const std::string body =
      R"({"choices":[{"index":0,"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}})";
  const Lines expected{"text whole", "usage 1 1 - -", "finish stop"};
  EXPECT_EQ(whole(body).events, expected);
  EXPECT_EQ(whole(" \n\n" + body + "\n").events, expected);
  EXPECT_EQ(stream(body).events, expected);  // whatever the content-type claims
  EXPECT_EQ(whole("\xEF\xBB\xBF" + body).events, expected);
  EXPECT_EQ(parse_answer<Box>(body, "").events, expected);
}

TEST(Parser, EventsUnderAJsonContentTypeAreEvents) {
  EXPECT_EQ(whole(hi + ending() + done).events, (Lines{"text hi", "finish stop"}));
}

TEST(Parser, ATruncatedJsonBodyIsTruncatedAndGarbageIsNot) {
  EXPECT_EQ(whole(R"({"choices":[{"mess)").end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(whole("").end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(whole(R"({"choices":})").end, FREELLM_E_PROTOCOL);
  EXPECT_EQ(whole(R"({"hello":1})").end, FREELLM_E_PROTOCOL);
  EXPECT_EQ(whole("<html></html>").end, FREELLM_E_PROTOCOL);
  EXPECT_EQ(stream("<html></html>").end, FREELLM_E_PROTOCOL);
  EXPECT_EQ(whole("oops").end, FREELLM_E_PROTOCOL);
}

TEST(Parser, AnAnswerWithoutAChoiceIsEmpty) {
  EXPECT_EQ(whole(R"({"choices":[]})").events, (Lines{"error 18 the provider ended the answer without one"}));
  EXPECT_EQ(whole(R"({"choices":[{"message":{"content":""},"finish_reason":"stop"}]})").events,
            (Lines{"finish stop"}));
}

TEST(Parser, AnErrorInsideA200IsSorted) {
  EXPECT_EQ(whole(R"({"error":{"message":"slow down","code":429}})").events, (Lines{"error 1 slow down"}));
  EXPECT_EQ(whole(R"({"object":"error","message":"broken","code":500})").events, (Lines{"error 14 broken"}));
  EXPECT_EQ(stream(hi + frame(R"({"error":{"message":"can only afford 5","code":402}})")).events,
            (Lines{"text hi", "error 5 can only afford 5"}));
  EXPECT_EQ(stream(hi + "event: error\ndata: {\"message\":\"overloaded\",\"status\":503}\n\n" + hi).events,
            (Lines{"text hi", "error 13 overloaded"}));
  EXPECT_EQ(stream(hi + "event: error\ndata: plain words\n\n").events,
            (Lines{"text hi", "error 14 plain words"}));
  EXPECT_EQ(stream(hi + frame(R"({"x_box":{"error":"over capacity"}})") + done).events.size(), 2U);
  EXPECT_EQ(
      stream(
          hi +
          frame(
              R"({"error":{"message":"late","code":500},"choices":[{"delta":{"content":""},"finish_reason":"error"}]})"))
          .events,
      (Lines{"text hi", "error 14 late"}));
  EXPECT_EQ(stream(hi + ending("error") + done).events,
            (Lines{"text hi", "error 17 the provider ended the answer with an error"}));
}

TEST(Parser, AnErrorBehindTheEndTakesNothingFromTheAnswer) {
  const Answer late = stream(hi + ending() + frame(R"({"error":{"message":"late","code":500}})") + hi + done);
  EXPECT_EQ(late.events, (Lines{"text hi", "finish stop"}));
  EXPECT_EQ(late.end, FREELLM_OK);
}

TEST(Parser, AnEmptyErrorMemberIsNone) {
  EXPECT_EQ(
      stream(frame(R"({"error":null,"choices":[{"delta":{"content":"hi"}}]})") + ending() + done).events,
      (Lines{"text hi", "finish stop"}));
}

TEST(Parser, AFrameThatIsNoJsonCutsTheAnswer) {
  const Answer a = stream(hi + "data: {\"choices\":[{\"del\n\n" + hi + ending() + done);
  EXPECT_EQ(a.end, FREELLM_E_PROTOCOL);
  EXPECT_EQ(a.events, (Lines{"text hi"}));
}

TEST(Parser, AFrameCutByTheEndOfTheStreamIsTruncation) {
  EXPECT_EQ(stream(hi + "data: {\"choices\":[{\"del").end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(stream(hi + ending() + "data: {\"usage\":{\"prom").end, FREELLM_OK);
}

TEST(Parser, ThinkingHasManyNames) {
  const Lines expected{"reasoning hm", "text hi", "finish stop"};
  EXPECT_EQ(stream(delta(R"({"reasoning":"hm"})") + hi + ending()).events, expected);
  EXPECT_EQ(stream(delta(R"({"reasoning_content":"hm","reasoning":"hm"})") + hi + ending()).events, expected);
  EXPECT_EQ(stream(delta(R"({"content":"<th"})") + delta(R"({"content":"ink>h"})") +
                   delta(R"({"content":"m</think>\n\nhi"})") + ending())
                .events,
            expected);
  EXPECT_EQ(
      whole(
          R"({"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"hi"}]},"finish_reason":"stop"}]})")
          .events,
      expected);
  EXPECT_EQ(whole(R"({"choices":[{"message":{"content":"<think>hm</think>hi"}}]})").events, expected);
}

TEST(Parser, ToolCallsAreToldApartByIndexByIdAndByOrder) {
  const auto calls = [](std::string_view json) {
    return delta(R"({"tool_calls":[)" + std::string(json) + "]}");
  };
  EXPECT_EQ(stream(calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})") +
                   calls(R"({"index":1,"id":"b","function":{"name":"g","arguments":"{"}})") +
                   calls(R"({"index":0,"function":{"arguments":"{}"}})") +
                   calls(R"({"index":1,"function":{"arguments":"}"}})") + ending("tool_calls"))
                .events,
            (Lines{"tool 0 [a] f ", "tool 1 [b] g {", "tool 0 []  {}", "tool 1 []  }", "finish tool_calls"}));
  EXPECT_EQ(stream(calls(R"({"id":"a","function":{"name":"f","arguments":"{"}})") +
                   calls(R"({"id":"a","function":{"arguments":"}"}})") +
                   calls(R"({"id":"b","function":{"name":"f","arguments":"{}"}})") + ending("tool_calls"))
                .events,
            (Lines{"tool 0 [a] f {", "tool 0 []  }", "tool 1 [b] f {}", "finish tool_calls"}));
  EXPECT_EQ(stream(calls(R"({"function":{"name":"f","arguments":"{"}})") +
                   calls(R"({"function":{"arguments":"}"}})") + ending("tool_calls"))
                .events,
            (Lines{"tool 0 [] f {", "tool 0 []  }", "finish tool_calls"}));
}

TEST(Parser, CallsThatAllClaimIndexZeroAreStillSeveral) {
  EXPECT_EQ(
      stream(delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})") +
             delta(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]})") +
             ending("tool_calls"))
          .events,
      (Lines{"tool 0 [a] f {}", "tool 1 [b] g {}", "finish tool_calls"}));
}

TEST(Parser, ArgumentsBeforeTheNameWaitForIt) {
  EXPECT_EQ(stream(delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{"}}]})") +
                   delta(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]})") +
                   ending("tool_calls"))
                .events,
            (Lines{"tool 0 [a] f {}", "finish tool_calls"}));
  EXPECT_EQ(stream(delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{"}}]})") + ending()).end,
            FREELLM_E_PROTOCOL);
}

TEST(Parser, ToolCallsAreMadeRegular) {
  EXPECT_EQ(
      whole(
          R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"null","function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"stop"}]})")
          .events,
      (Lines{R"(tool 0 [] f {"a":1})", "finish tool_calls"}));
  EXPECT_EQ(
      whole(R"({"choices":[{"message":{"content":"x","tool_calls":[]},"finish_reason":"stop"}]})").events,
      (Lines{"text x", "finish stop"}));
  EXPECT_EQ(stream(delta(R"({"function_call":{"name":"f","arguments":"{"}})") +
                   delta(R"({"function_call":{"arguments":"}"}})") + ending("function_call"))
                .events,
            (Lines{"tool 0 [] f {", "tool 0 []  }", "finish tool_calls"}));
  EXPECT_EQ(
      stream(
          delta(
              R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"s":"t"}}]})") +
          ending())
          .events.front(),
      R"(tool 0 [a] f {}{"s":"t"})");
}

TEST(Parser, ToolCallsAreBounded) {
  std::string body;
  for (int i = 0; i < 129; ++i)
    body +=
        delta(R"({"tool_calls":[{"index":)" + std::to_string(i) + R"(,"id":"a","function":{"name":"f"}}]})");
  EXPECT_EQ(stream(body).end, FREELLM_E_LIMIT);
}

TEST(Parser, OnlyTheFirstChoiceIsRead) {
  EXPECT_EQ(
      stream(
          frame(
              R"({"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"stop"},{"index":0,"delta":{"content":"hi"}}]})") +
          ending())
          .events,
      (Lines{"text hi", "finish stop"}));
}

TEST(Parser, RefusalsAndLogprobsPass) {
  EXPECT_EQ(stream(delta(R"({"refusal":"no"})") + ending()).events, (Lines{"refusal no", "finish stop"}));
  EXPECT_EQ(stream(frame(R"({"choices":[{"delta":{"content":"hi"},"logprobs":{"content":[]}}]})") + ending())
                .events,
            (Lines{"text hi", R"(extra 0 logprobs {"content":[]})", "finish stop"}));
}

TEST(Parser, BrokenTextIsRepaired) {
  EXPECT_EQ(stream(delta("{\"content\":\"a\\ud83d\"}") + delta("{\"content\":\"\xFF\"}") + ending()).events,
            (Lines{"text a\xEF\xBF\xBD\xEF\xBF\xBD", "finish stop"}));
}

TEST(Parser, FinishReasonsAreSaidInOpenAisWords) {
  for (const auto& [word, reason] :
       std::vector<std::pair<std::string, std::string>>{{"MAX_TOKENS", "length"},
                                                        {"model_length", "length"},
                                                        {"COMPLETE", "stop"},
                                                        {"eos", "stop"},
                                                        {"safety", "content_filter"},
                                                        {"tool_use", "tool_calls"},
                                                        {"who knows", "stop"}})
    EXPECT_EQ(stream(hi + ending(word)).events.back(), "finish " + reason) << word;
  EXPECT_EQ(stream(hi + ending("")).end, FREELLM_E_TRUNCATED);
  EXPECT_EQ(stream(hi + ending("null") + hi + ending()).events, (Lines{"text hihi", "finish stop"}));
}

TEST(Parser, AHookMayChangeAChoiceBeforeItIsRead) {
  EXPECT_EQ(stream(hi + frame(R"({"choices":[{"delta":{},"box_reason":"length"}]})")).events.back(),
            "finish length");
}

TEST(Parser, AHookMayUnwrapAnAnswerAndAFrame) {
  EXPECT_EQ(whole(R"({"inside":[{"message":{"content":"hi"}}]})").events, (Lines{"text hi", "finish stop"}));
  EXPECT_EQ(stream(frame(R"({"inside":[{"delta":{"content":"hi"},"finish_reason":"stop"}]})")).events,
            (Lines{"text hi", "finish stop"}));
}

TEST(Parser, AMessageAtTheEndOfAStreamDoesNotRepeatIt) {
  EXPECT_EQ(stream(hi + frame(R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})")).events,
            (Lines{"text hi", "finish stop"}));
  EXPECT_EQ(stream(frame(R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})")).events,
            (Lines{"text hi", "finish stop"}));
}

TEST(Parser, BoundsAFrameAndABody) {
  EXPECT_EQ(stream(delta("{\"content\":\"" + std::string(1 << 20, 'x') + "\"}")).end, FREELLM_E_LIMIT);
  EXPECT_EQ(whole("{\"choices\":[{\"message\":{\"content\":\"" + std::string(OpenAiParser::max_body, 'x') +
                  "\"}}]}")
                .end,
            FREELLM_E_LIMIT);
  EXPECT_EQ(stream(frame(std::string(5000, '['))).end, FREELLM_E_PROTOCOL);
}

TEST(Parser, StopsAtOnceWhenTheHostAsks) {
  const freellm_provider& table = provider_table<Box>;
  freellm_head head{};
  freellm_call call{};
  alignas(64) unsigned char memory[sizeof(OpenAiParser)];
  ASSERT_EQ(table.parser_open(&table, memory, &call, &head), FREELLM_OK);
  EventLog log;
  log.reply = FREELLM_E_STOPPED;
  const std::string body = hi + hi + ending();
  EXPECT_EQ(table.parser_feed(memory, body.data(), body.size(), &log.out), FREELLM_E_STOPPED);
  EXPECT_EQ(log.lines, (Lines{"text hi"}));
  table.parser_close(memory);
}

}  // namespace
}  // namespace freellmapi::sdk
