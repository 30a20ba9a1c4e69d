#include <gtest/gtest.h>

#include <freellmapi/think.hpp>
#include <string>
#include <vector>

namespace freellmapi::sdk {
namespace {

struct Split {
  std::string thinking, text;
  friend bool operator==(const Split&, const Split&) = default;
};

Split split(const std::vector<std::string>& pieces) {
  ThinkSplitter splitter;
  Split out;
  const auto take = [&](bool thinking, std::string_view s) { (thinking ? out.thinking : out.text) += s; };
  for (const std::string& piece : pieces) splitter.feed(piece, take);
  splitter.finish(take);
  return out;
}

TEST(ThinkSplitter, TakesALeadingThinkingApartHoweverItIsCut) {
  const std::string answer = "\n<think>\nhm <b> x</think>\n\nFour.";
  const Split whole{"\nhm <b> x", "Four."};
  for (std::size_t i = 0; i <= answer.size(); ++i)
    EXPECT_EQ(split({answer.substr(0, i), answer.substr(i)}), whole) << i;
  std::vector<std::string> bytes;
  for (const char c : answer) bytes.emplace_back(1, c);
  EXPECT_EQ(split(bytes), whole);
}

TEST(ThinkSplitter, LeavesEveryOtherTextAlone) {
  EXPECT_EQ(split({"Four."}), (Split{"", "Four."}));
  EXPECT_EQ(split({"  <thin", "g>"}), (Split{"", "  <thing>"}));
  EXPECT_EQ(split({"Say <think>x</think>"}), (Split{"", "Say <think>x</think>"}));
  EXPECT_EQ(split({"<"}), (Split{"", "<"}));
}

TEST(ThinkSplitter, ThinkingThatNeverEndsIsThinking) {
  EXPECT_EQ(split({"<think>all of it </th"}), (Split{"all of it </th", ""}));
}

TEST(ThinkSplitter, HoldsBackNoMoreThanATag) {
  ThinkSplitter splitter;
  std::string text;
  const auto take = [&](bool, std::string_view s) { text += s; };
  splitter.feed(std::string(100, ' '), take);
  EXPECT_EQ(text.size(), 100U);
}

}  // namespace
}  // namespace freellmapi::sdk
