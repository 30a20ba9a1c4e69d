#include <gtest/gtest.h>

#include <freellmapi/hold_back.hpp>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

constexpr std::string_view notice = "pay first";
bool begins(std::string_view text) noexcept { return notice.starts_with(text); }
bool is(std::string_view text) noexcept { return text == notice; }

using Lines = std::vector<std::string>;

struct HoldBackTest : testing::Test {
  EventLog log;
  EventsOut next{log.out};
  HoldBack hold{&begins, &is};
  EventsOut in{hold.before(next)};
};

TEST_F(HoldBackTest, TextThatCannotBecomeItPassesAtOnce) {
  in.text("pay");
  EXPECT_EQ(log.lines, Lines{});
  in.text(" later");
  EXPECT_EQ(log.lines, (Lines{"text pay later"}));
  in.text("!");
  in.finish("stop");
  EXPECT_EQ(log.lines, (Lines{"text pay later!", "finish stop"}));
  EXPECT_FALSE(hold.caught());
}

TEST_F(HoldBackTest, TheWholeOfItIsCaughtAndNothingOfItPasses) {
  in.text("pay ");
  in.text("first");
  EXPECT_FALSE(hold.caught());
  in.finish("stop");
  in.usage({.input = 0, .output = 0});
  EXPECT_TRUE(hold.caught());
  EXPECT_EQ(hold.text(), notice);
  EXPECT_EQ(hold.usage().output, 0U);
  EXPECT_EQ(log.lines, Lines{});
}

TEST_F(HoldBackTest, WhatIsReleasedComesWhole) {
  in.text("pay first");
  in.usage({.input = 3, .output = 4});
  in.finish("stop");
  hold.release(next);
  hold.release(next);
  EXPECT_EQ(log.lines, (Lines{"text pay first", "usage 3 4 - -", "finish stop"}));
}

TEST_F(HoldBackTest, ABeginningAloneIsAnAnswer) {
  in.text("pay");
  in.finish("stop");
  EXPECT_EQ(log.lines, (Lines{"text pay", "finish stop"}));
}

TEST_F(HoldBackTest, AnythingButTextEndsTheHolding) {
  in.text("pay");
  in.tool(0, "c", "f", "{}");
  in.text(" first");
  in.finish("tool_calls");
  EXPECT_EQ(log.lines, (Lines{"text pay", "tool 0 [c] f {}", "text  first", "finish tool_calls"}));
}

TEST_F(HoldBackTest, AnEmptyAnswerPasses) {
  in.finish("stop");
  EXPECT_EQ(log.lines, (Lines{"finish stop"}));
}

TEST(HoldBack, HoldsAtMostItsBound) {
  EventLog log;
  EventsOut next(log.out);
  HoldBack hold([](std::string_view) noexcept { return true; },
                [](std::string_view) noexcept { return true; });
  EventsOut in(hold.before(next));
  in.text(std::string(HoldBack::most, 'x'));
  EXPECT_EQ(log.lines, Lines{});
  in.text("x");
  EXPECT_EQ(log.lines, (Lines{"text " + std::string(HoldBack::most + 1, 'x')}));
}

TEST(HoldBack, TheHostMayStopIt) {
  EventLog log;
  log.reply = FREELLM_E_STOPPED;
  EventsOut next(log.out);
  HoldBack hold(&begins, &is);
  EventsOut in(hold.before(next));
  EXPECT_NO_THROW(in.text("pay"));
  EXPECT_THROW(in.text("x"), Failure);
}

}  // namespace
}  // namespace freellmapi::sdk
