#include "relay/reading.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

/// Writes down which of its methods was called.
class Notes final : public Encoder {
 public:
  std::string_view whole_content_type() const noexcept override { return "text/plain"; }
  void whole(const Route&, const chat::Answer&, std::string&) override {}
  Reply failure(const std::string&, const Failure&) override { return {}; }
  std::string_view stream_content_type() const noexcept override { return "text/plain"; }
  void begin(const Route&, std::string& out) override { out += "begin "; }
  void event(const chat::Event& event, std::string& out) override { (out += event.text) += ' '; }
  void finish(chat::Finish, const chat::Usage& usage, std::string& out) override {
    out += "finish " + std::to_string(*usage.input) + '+' + std::to_string(*usage.output);
  }
  void failed(const std::string&, const Failure&, std::string& out) override { out += "failed"; }
  std::string_view ping() const noexcept override { return ""; }
};

class TheReading : public testing::Test {
 protected:
  Notes notes;
  Route route;
  Reading reading{&notes, route, 50};

  void text(std::string_view said) {
    freellm_ev_text event{};
    event.h.size = sizeof event;
    event.h.type = FREELLM_EV_TEXT;
    event.text = {said.data(), said.size()};
    reading.sink().on_event(event.h);
  }
  void finish(std::string_view reason) {
    freellm_ev_finish event{};
    event.h.size = sizeof event;
    event.h.type = FREELLM_EV_FINISH;
    event.reason = {reason.data(), reason.size()};
    reading.sink().on_event(event.h);
  }
  void tool(std::string_view name, std::string_view arguments) {
    freellm_ev_tool event{};
    event.h.size = sizeof event;
    event.h.type = FREELLM_EV_TOOL;
    event.name = {name.data(), name.size()};
    event.arguments = {arguments.data(), arguments.size()};
    reading.sink().on_event(event.h);
  }
  void usage(std::uint64_t input, std::uint64_t output) {
    freellm_ev_usage event{};
    event.h.size = sizeof event;
    event.h.type = FREELLM_EV_USAGE;
    event.input_tokens = input;
    event.output_tokens = output;
    event.cached_tokens = event.reasoning_tokens = UINT64_MAX;
    reading.sink().on_event(event.h);
  }
};

TEST_F(TheReading, TellsTheProvidersUsage) {
  text("hello");
  usage(7, 3);
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.take(), "begin hello finish 7+3");
}

TEST_F(TheReading, OfAModelThatSpentItsAllowanceBeforeItsFirstWordIsAnAnswer) {
  usage(7, 3);
  finish("length");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.take(), "begin finish 7+3");
}

TEST_F(TheReading, OfAModelThatStoppedBeforeItsFirstWordIsEmpty) {
  usage(7, 0);
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::failed);
  EXPECT_EQ(reading.outcome().error_class, FREELLM_C_EMPTY);
}

TEST_F(TheReading, ThatRacesEncodesNothingBeforeItHasWon) {
  reading.hold_back();
  text(" ");
  text("\n");
  text("hel");
  EXPECT_TRUE(reading.first_token_seen());
  EXPECT_FALSE(reading.has_output());
  reading.won();
  EXPECT_EQ(reading.take(), "begin  \nhel ");
  text("lo");
  usage(7, 3);
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.take(), "lo finish 7+3");
}

TEST_F(TheReading, ThatRacesAndIsWholeBeforeItHasWonEndsWhenItHas) {
  reading.hold_back();
  tool("weather", R"({"city":"Oslo"})");
  usage(7, 3);
  finish("tool_calls");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_FALSE(reading.has_output());
  reading.won();
  EXPECT_EQ(reading.take(), "begin  finish 7+3");
}

TEST_F(TheReading, ThatRacesAndFailsHasEncodedNothing) {
  reading.hold_back();
  text("hel");
  EXPECT_EQ(reading.end(FREELLM_E_TRUNCATED), Reading::State::failed);
  EXPECT_FALSE(reading.has_output());
}

TEST_F(TheReading, EstimatesTheUsageThatAProviderDoesNotTellAndCountsToolCalls) {
  tool("weather", R"({"city":"Reykjavik"})");
  finish("tool_calls");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.answer().usage.input, 50u);
  EXPECT_EQ(reading.answer().usage.output, 9u);
}

TEST_F(TheReading, OfARequestWithToolsFindsCallsInTheText) {
  const std::vector<chat::OfferedTool> tools{{"weather", ""}};
  Reading with_tools{&notes, route, 50, {tools, false}};
  freellm_ev_text event{};
  event.h.size = sizeof event;
  event.h.type = FREELLM_EV_TEXT;
  constexpr std::string_view said = "<function=weather>{\"city\":\"Oslo\"}</function>";
  event.text = {said.data(), said.size()};
  EXPECT_TRUE(with_tools.sink().on_event(event.h));
  EXPECT_TRUE(with_tools.calling());
  EXPECT_FALSE(with_tools.first_token_seen());
  freellm_ev_finish finish{};
  finish.h.size = sizeof finish;
  finish.h.type = FREELLM_EV_FINISH;
  finish.reason = {"stop", 4};
  EXPECT_TRUE(with_tools.sink().on_event(finish.h));
  EXPECT_EQ(with_tools.end(FREELLM_OK), Reading::State::done);
  ASSERT_EQ(with_tools.answer().calls.size(), 1u);
  EXPECT_EQ(with_tools.answer().calls[0].arguments, R"({"city":"Oslo"})");
  EXPECT_EQ(with_tools.answer().finish, chat::Finish::tool_calls);

  Reading broken{&notes, route, 50, {tools, false}};
  constexpr std::string_view unknown = "<function=nobody>{}</function>";
  event.text = {unknown.data(), unknown.size()};
  EXPECT_FALSE(broken.sink().on_event(event.h));
  EXPECT_EQ(broken.end(FREELLM_E_STOPPED), Reading::State::failed);
  EXPECT_EQ(broken.outcome().error_class, invalid_tool_call);
  EXPECT_FALSE(broken.first_token_seen());
}

TEST_F(TheReading, WhiteSpaceIsNoFirstToken) {
  text(" \n");
  EXPECT_FALSE(reading.first_token_seen());
  text("x");
  EXPECT_TRUE(reading.first_token_seen());
}

TEST_F(TheReading, WhatCameBeforeACutIsKeptForTheClient) {
  text("half an");
  reading.broke(outcome_of(FREELLM_C_TRUNCATED, ""));
  EXPECT_EQ(reading.state(), Reading::State::failed);
  EXPECT_FALSE(reading.refused());
  EXPECT_EQ(reading.take(), "begin half an ");
}

TEST_F(TheReading, AnErrorInPlaceOfAnAnswerIsARefusal) {
  freellm_outcome outcome = outcome_of(FREELLM_C_RATE_LIMITED, "slow down");
  freellm_ev_error event{};
  event.h.size = sizeof event;
  event.h.type = FREELLM_EV_ERROR;
  event.outcome = &outcome;
  reading.sink().on_event(event.h);
  EXPECT_EQ(reading.end(FREELLM_E_STOPPED), Reading::State::failed);
  EXPECT_TRUE(reading.refused());
  EXPECT_TRUE(reading.quoted());
  EXPECT_EQ(reading.outcome().error_class, static_cast<std::uint32_t>(FREELLM_C_RATE_LIMITED));
}

TEST_F(TheReading, AConnectionThatBreaksAfterTheFinishReasonLosesNothing) {
  text("all");
  finish("stop");
  EXPECT_EQ(reading.broke(outcome_of(FREELLM_C_TRUNCATED, "")), Reading::State::done);
}

/// A leg that goes on with what another one has shown.
class TheNextLeg : public TheReading {
 protected:
  Before before;
  std::string anchor;

  void goes_on(std::string shown, chat::Going how = chat::Going::anchored) {
    before.text = std::move(shown);
    before.usage.input = 100;
    before.usage.output = 10;
    anchor = chat::anchor_of(before.text);
    reading.go_on(before, how);
  }
};

TEST_F(TheNextLeg, GivesOutWhatIsNewAndAddsUpTheUsage) {
  goes_on("The beginning of the answer");
  text(anchor.substr(0, 5));
  text(anchor.substr(5) + " and");
  text("its end");
  usage(120, 9);
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.take(), " and its end finish 220+19");
  EXPECT_EQ(reading.shown(), " andits end");
  EXPECT_EQ(reading.answer().usage.output, 9u);
}

TEST_F(TheNextLeg, ThatSaysSomethingElseHasMissedAndBenchesNobody) {
  goes_on("The beginning of the answer");
  text(std::string(600, 'x'));
  EXPECT_EQ(reading.end(FREELLM_E_STOPPED), Reading::State::failed);
  EXPECT_TRUE(reading.missed());
  EXPECT_FALSE(reading.showed());
  EXPECT_EQ(reading.take(), "");
  EXPECT_EQ(bench_scope(ruling_of(reading.outcome().error_class), reading.outcome()), std::nullopt);
}

TEST_F(TheNextLeg, ThatEndsBeforeItsAnchorIsWholeHasMissedToo) {
  goes_on("The beginning of the answer");
  text("The beginning");
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::failed);
  EXPECT_TRUE(reading.missed());
}

TEST_F(TheNextLeg, MayCallAToolWithoutAWord) {
  goes_on("Let me have a look.");
  tool("weather", "{}");
  finish("tool_calls");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_TRUE(reading.called());
}

TEST_F(TheNextLeg, BehindThoughtsAloneAnswersAfresh) {
  goes_on("");
  text("The answer");
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.shown(), "The answer");
}

TEST_F(TheNextLeg, InJsonModeIsHeldToIt) {
  before.json.emplace().feed(R"({"a": [1, 2)");
  goes_on(R"({"a": [1, 2)");
  text(anchor + ", 3]");
  EXPECT_FALSE(reading.missed());
  text("! That is all.");
  EXPECT_TRUE(reading.missed());
  EXPECT_EQ(reading.end(FREELLM_E_STOPPED), Reading::State::failed);
  EXPECT_EQ(reading.shown(), ", 3]");
}

TEST_F(TheNextLeg, InJsonModeDoesNotStopHalfWay) {
  before.json.emplace().feed(R"({"a": [1, 2)");
  goes_on(R"({"a": [1, 2)");
  text(anchor + ", 3]");
  finish("stop");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::failed);
}

TEST_F(TheReading, OfAnAnswerThatAFilterStoppedIsAnAnswer) {
  finish("content_filter");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
  EXPECT_EQ(reading.take().rfind("begin finish", 0), 0u);
}

TEST_F(TheReading, OfAnAnswerThatAFilterStoppedIsAFailureWhereThePolicySaysNext) {
  reading.filtered_goes_on();
  finish("content_filter");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::failed);
  EXPECT_EQ(reading.outcome().error_class, static_cast<std::uint32_t>(FREELLM_C_CONTENT_FILTERED));
}

TEST_F(TheReading, WhatTheClientHasSeenOfAFilteredAnswerIsItsAnswer) {
  reading.filtered_goes_on();
  text("once upon");
  finish("content_filter");
  EXPECT_EQ(reading.end(FREELLM_OK), Reading::State::done);
}

}  // namespace
}  // namespace freellmapi::relay
