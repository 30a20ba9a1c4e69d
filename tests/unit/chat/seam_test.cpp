#include "chat/seam.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace freellmapi::chat {
namespace {

constexpr std::string_view letter =
    "Dear Ms Ångström,\n\nthe bridge over the Rhine was opened in 1911; its arches \xE2\x80\x94 five of them "
    "\xE2\x80\x94 "
    "carry two tracks. \xF0\x9F\x9A\x82 Trains cross it every four minutes.\n\n- first: the piers\n- second: "
    "the deck\n\n"
    "```c\nint spans(void) { return 5; }\n```\n\nWith kind regards,\nthe engineers of the bridge";

struct Joined {
  bool ok = false;
  std::string text;  // what the client has in the end
};

/// Feeds `said` in pieces of `size` bytes.
Joined go_on(std::string_view shown, Going how, std::string_view said, std::size_t size = 1'000'000) {
  Seam seam(shown, how);
  Joined joined{false, std::string(shown)};
  for (std::size_t at = 0; at < said.size(); at += size) {
    const bool was_joined = seam.state() == Seam::State::joined;
    const std::size_t before = joined.text.size();
    const Seam::State state = seam.feed(said.substr(at, size), joined.text);
    EXPECT_TRUE(state == Seam::State::joined || joined.text.size() == before);
    EXPECT_TRUE(!was_joined || state == Seam::State::joined);
  }
  joined.ok = seam.finish(joined.text) == Seam::State::joined;
  return joined;
}

std::vector<std::string> pieces() {
  return {"",
          "Sure, continuing:\n\n",
          "\"",
          "```\n",
          "```text\n",
          "\n\n",
          "...",
          "\xE2\x80\xA6",
          "Of course! Here is the rest of the answer, from where it was cut off:\n\n> "};
}

TEST(Seam, IsExactWhereverTheAnswerWasCutAndHoweverTheRestArrives) {
  for (std::size_t cut = 1; cut <= letter.size(); ++cut) {
    const std::string_view shown = letter.substr(0, cut), rest = letter.substr(cut);
    const std::string anchored =
        std::string(anchor_of(shown)) + std::string(shown.substr(without_last_blanks(shown).size()));
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{16}, std::size_t{4096}}) {
      const Joined asked = go_on(shown, Going::anchored, anchored + std::string(rest), size);
      EXPECT_TRUE(asked.ok) << cut;
      EXPECT_EQ(asked.text, letter) << cut;
      const Joined again = go_on(shown, Going::anchored, letter, size);
      EXPECT_TRUE(again.ok) << cut;
      EXPECT_EQ(again.text, letter) << cut;
      if (cut < 24) continue;
      const std::string straight =
          std::string(shown.substr(without_last_blanks(shown).size())) + std::string(rest);
      EXPECT_EQ(go_on(shown, Going::straight, straight, size).text, letter) << cut;
      EXPECT_EQ(go_on(shown, Going::straight, letter, size).text, letter) << cut;
      EXPECT_EQ(go_on(shown, Going::straight, anchored + std::string(rest), size).text, letter) << cut;
    }
  }
}

TEST(Seam, FindsTheAnchorBehindWhatModelsPutInFrontOfIt) {
  for (std::size_t cut = 60; cut < letter.size(); cut += 7) {
    const std::string_view shown = letter.substr(0, cut), rest = letter.substr(cut);
    const std::string anchored =
        std::string(anchor_of(shown)) + std::string(shown.substr(without_last_blanks(shown).size()));
    for (const std::string& preamble : pieces()) {
      const Joined joined = go_on(shown, Going::anchored, preamble + anchored + std::string(rest), 5);
      EXPECT_TRUE(joined.ok) << cut << preamble;
      EXPECT_EQ(joined.text, letter) << cut << preamble;
    }
  }
}

TEST(Seam, CutsTheWrappingThatTheModelPutAroundItsText) {
  const std::string shown(letter.substr(0, 120)), rest(letter.substr(120, 60));
  const std::string anchor(anchor_of(shown));
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"```\n", "\n```"}, {"```text\n", "\n```\n"}, {"\"", "\""}, {"\xE2\x80\x9C", "\xE2\x80\x9D"}}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{999}}) {
      EXPECT_EQ(go_on(shown, Going::anchored, open + anchor + rest + close, size).text, shown + rest) << open;
    }
  }
  EXPECT_EQ(go_on(shown, Going::anchored, "\"" + anchor + "\"" + rest, 1).text, shown + rest);
  // Inside a code block of the answer the fence is the answer's own.
  const std::string code = "Here is the function that you have asked for:\n```c\nint spans(void) {\n  return";
  const std::string anchored = "```c\n" + std::string(anchor_of(code));
  EXPECT_EQ(go_on(code, Going::anchored, anchored + " 5;\n}\n```\n", 1).text, code + " 5;\n}\n```\n");
}

TEST(Seam, BlanksAtTheCutComeOnce) {
  const std::string shown = "A line that is long enough to be known again.\n\n";
  const std::string anchor(anchor_of(shown));
  EXPECT_EQ(anchor, "A line that is long enough to be known again.");
  EXPECT_EQ(go_on(shown, Going::anchored, anchor + "\n\nThe next.").text, shown + "The next.");
  EXPECT_EQ(go_on(shown, Going::anchored, anchor + "\nThe next.").text, shown + "The next.");
  EXPECT_EQ(go_on(shown, Going::anchored, anchor + "\n\n\nThe next.").text, shown + "\nThe next.");
  EXPECT_EQ(go_on(shown, Going::straight, "\n\nThe next.").text, shown + "The next.");
  EXPECT_EQ(go_on(shown, Going::straight, "The next.").text, shown + "The next.");
}

TEST(Seam, AModelThatDoesNotGoOnHasFailedAndNothingOfItIsShown) {
  const std::string shown(letter.substr(0, 200));
  const std::string other = "I am sorry, but I cannot see the message that you are referring to.";
  for (const std::string& said :
       {other, other + other + other + other + other + other + other + other + other}) {
    const Joined joined = go_on(shown, Going::anchored, said, 7);
    EXPECT_FALSE(joined.ok);
    EXPECT_EQ(joined.text, shown);
  }
  std::string near(anchor_of(shown));
  near[near.size() / 2] ^= 1;
  near[near.size() - 5] ^= 1;
  EXPECT_FALSE(go_on(shown, Going::anchored, near + " and so on").ok);
  EXPECT_FALSE(go_on(shown, Going::anchored, "").ok);
}

TEST(Seam, TheHoldBackIsBounded) {
  const std::string shown(letter.substr(0, 200));
  Seam seam(shown, Going::anchored);
  std::string out;
  std::size_t fed = 0;
  while (seam.state() == Seam::State::matching && ++fed < 10'000) seam.feed("x", out);
  EXPECT_EQ(seam.state(), Seam::State::failed);
  EXPECT_EQ(fed, Seam::most_held + 1);
  const std::string far = std::string(Seam::most_preamble + 1, 'x') + std::string(anchor_of(shown)) + " on";
  EXPECT_FALSE(go_on(shown, Going::anchored, far).ok);
  const std::string just = std::string(Seam::most_preamble, 'x') + std::string(anchor_of(shown)) + " on";
  EXPECT_EQ(go_on(shown, Going::anchored, just).text, shown + " on");
}

TEST(Seam, AStraightTextIsNotHeldBackLongerThanItCouldBeARepetition) {
  Seam seam(letter.substr(0, 200), Going::straight);
  std::string out;
  EXPECT_EQ(seam.feed("D", out), Seam::State::matching);
  EXPECT_EQ(seam.feed("o", out), Seam::State::joined);
  EXPECT_EQ(out, "Do");
}

TEST(Seam, AShortAnchorCountsAtTheBeginningAlone) {
  EXPECT_EQ(go_on("Hi", Going::anchored, "Hi there").text, "Hi there");
  EXPECT_EQ(go_on("Hi", Going::anchored, " \"Hi there\"").text, "Hi there");
  EXPECT_FALSE(go_on("Hi", Going::anchored, "Sure! Hi there").ok);
}

TEST(Seam, ARepetitiveTextGoesOn) {
  std::string rows = "| a | b |\n|---|---|\n";
  for (int i = 0; i < 60; ++i) rows += "| 0 | 0 |\n";
  const std::string rule(400, '-');
  for (std::size_t cut = 30; cut < rows.size(); cut += 3) {
    const std::string_view shown = std::string_view{rows}.substr(0, cut);
    const std::string said = std::string(anchor_of(shown)) +
                             std::string(shown.substr(without_last_blanks(shown).size())) + rows.substr(cut);
    EXPECT_EQ(go_on(shown, Going::anchored, said, 11).text, rows) << cut;
  }
  // What goes on straight by less than the whole text so far is no repetition of it.
  EXPECT_EQ(go_on(std::string_view{rule}.substr(0, 300), Going::straight, rule.substr(300) + "\nend").text,
            rule + "\nend");
}

TEST(Anchor, IsMadeOfWholeCharactersAndWordsAndIsFoundOnceWhereThatIsPossible) {
  for (std::size_t cut = 1; cut <= letter.size(); ++cut) {
    const std::string_view shown = without_last_blanks(letter.substr(0, cut));
    const std::string_view anchor = anchor_of(letter.substr(0, cut));
    ASSERT_FALSE(anchor.empty());
    EXPECT_TRUE(shown.ends_with(anchor));
    EXPECT_NE(static_cast<unsigned char>(anchor.front()) & 0xC0U, 0x80U) << cut;
    EXPECT_LE(anchor.size(), Seam::most_anchor);
    EXPECT_EQ(shown.find(anchor), shown.size() - anchor.size());
  }
  const std::string same(5'000, 'a');
  EXPECT_EQ(anchor_of(same).size(), Seam::most_anchor);
}

TEST(Anchor, IsToldFromWhatStandsWithinTheLast64KiB) {
  const std::string end(letter);
  const std::string near = end + std::string(std::size_t{60} << 10, '.') + end;
  const std::string far = end + std::string(std::size_t{66} << 10, '.') + end;
  EXPECT_GE(anchor_of(near).size(), 200u);
  EXPECT_EQ(anchor_of(far), anchor_of(end));
  EXPECT_TRUE(go_on(far, Going::anchored, std::string(anchor_of(far)) + " of steel").ok);
}

}  // namespace
}  // namespace freellmapi::chat
