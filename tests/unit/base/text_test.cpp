#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace freellmapi::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Long texts are looked at in blocks.
TEST(JsonEscaping, FindsWhatMustBeEscapedAtEveryPlace) {
  for (std::size_t size : {1U, 7U, 15U, 16U, 63U, 64U, 65U, 130U, 200U}) {
    const std::string plain(size, 'x');
    EXPECT_EQ(json_string(plain), '"' + plain + '"');
    EXPECT_TRUE(stands_in_json(plain));
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& [special, escaped] : {std::pair{'"', "\\\""},
                                             {'\\', "\\\\"},
                                             {'\n', "\\n"},
                                             {'\x01', "\\u0001"},
                                             {'\xFF', "\xEF\xBF\xBD"}}) {
        std::string text = plain, expected = plain;
        text[at] = special;
        expected.replace(at, 1, escaped);
        EXPECT_EQ(json_string(text), '"' + expected + '"') << size << ", " << at;
        EXPECT_FALSE(stands_in_json(text));
      }
      for (const char usual : {' ', '!', '#', '\x7F'}) {
        std::string text = plain;
        text[at] = usual;
        EXPECT_TRUE(stands_in_json(text)) << size << ", " << at;
      }
    }
  }
}

TEST(Text, HeaderNamesCompareWithoutRegardToAsciiCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equal_ignoring_case("Content-Type", "Content-Typ"));
  EXPECT_FALSE(equal_ignoring_case("a[", "A{"));  // 0x20 apart, no letters
  EXPECT_FALSE(equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
  EXPECT_EQ(to_lower("X-Request-ID\xC3\x84"), "x-request-id\xC3\x84");
}

TEST(Text, TrimTakesBlanksFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Nearest, GivesTheBestFirstAndThreeAtMost) {
  const std::vector<std::string> words = {"priority", "prioritize", "prior", "priorit", "piority", "fastest"};
  EXPECT_THAT(nearest("prioritx", words), ElementsAre("priority", "priorit", "piority"));
}

TEST(Nearest, CountsSwappedNeighboursOnceAndCaseNotAtAll) {
  const std::vector<std::string> words = {"cat", "strategy"};
  EXPECT_THAT(nearest("tac", words), IsEmpty());
  EXPECT_THAT(nearest("act", words), ElementsAre("cat"));
  EXPECT_THAT(nearest("STRATEGY", words), ElementsAre("strategy"));
}

TEST(Nearest, HasNothingForWhatIsTooFarOrTooLong) {
  const std::vector<std::string> words = {"groq", std::string(200, 'a')};
  EXPECT_THAT(nearest("cerebras", words), IsEmpty());
  EXPECT_THAT(nearest("", words), IsEmpty());
  EXPECT_THAT(nearest(std::string(200, 'a'), words), IsEmpty());
  EXPECT_THAT(nearest(std::string(128, 'a'), words), IsEmpty());
}

TEST(Json, EscapesWhatJsonDoesNotAllowAndNothingElse) {
  EXPECT_EQ(json("a\"b\\c/\n\r\t\x01\x7f"), "\"a\\\"b\\\\c/\\n\\r\\t\\u0001\x7f\"");
  EXPECT_EQ(json(std::string_view{"\0", 1}), "\"\\u0000\"");
  EXPECT_EQ(json("h\xC3\xA9llo \xF0\x9F\x98\x80 \xE2\x80\xA8"),
            "\"h\xC3\xA9llo \xF0\x9F\x98\x80 \xE2\x80\xA8\"");
}

TEST(Json, WhatHasToBeEscapedIsFoundWhereverItStands) {
  for (std::size_t size = 1; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (std::size_t also = 0; also <= at; also += 5) {
        std::string text(size, 'x'), expected;
        text[also] = '"';
        text[at] = '\n';
        for (const char c : text) expected += c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
        ASSERT_EQ(json(text), '"' + expected + '"');
      }
    }
    EXPECT_EQ(json(std::string(size, 'x')), '"' + std::string(size, 'x') + '"');
  }
}

TEST(Json, ReplacesEachFaultOfUtf8Once) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(json("a\xFFz"), "\"a" + bad + "z\"");
  EXPECT_EQ(json("\xE2\x82"), "\"" + bad + "\"");                            // cut
  EXPECT_EQ(json("\xE2\x82z"), "\"" + bad + "z\"");                          // cut by a letter
  EXPECT_EQ(json("\xC0\xAF"), "\"" + bad + bad + "\"");                      // overlong
  EXPECT_EQ(json("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"");            // a surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"");  // beyond U+10FFFF
  EXPECT_EQ(json("\xF4\x8F\xBF\xBF"), "\"\xF4\x8F\xBF\xBF\"");
}

TEST(Decimal, NumbersOfEveryLengthAreWritten) {
  std::uint64_t number = 0;
  for (int digits = 1; digits <= 20; ++digits) {
    for (const std::uint64_t near : {number - 1, number, number + 1, number + 9}) {
      std::string out = "x";
      append_decimal(out, near);
      EXPECT_EQ(out, "x" + std::to_string(near));
    }
    number = number == 0 ? 10 : number * 10;
  }
  for (std::uint64_t small = 0; small < 12'000; ++small) {
    std::string out;
    append_decimal(out, small);
    ASSERT_EQ(out, std::to_string(small));
  }
  char three[3];
  EXPECT_EQ(std::string_view(three, static_cast<std::size_t>(write_three_digits(three, 7) - three)), "007");
}

TEST(WriteText, CopiesTextsOfEveryLengthAndNothingBeside) {
  const std::string text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::string out(text.size() + 2, '.');
    const char* const end = write_text(out.data() + 1, std::string_view(text).substr(0, size));
    EXPECT_EQ(end, out.data() + 1 + size);
    EXPECT_EQ(out, "." + text.substr(0, size) + std::string(text.size() + 1 - size, '.'));
  }
}

TEST(Printable, LeavesWhatIsPlainAsItIs) {
  EXPECT_EQ(printable("auto"), "auto");
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_EQ(printable(std::string(201, 'x')), std::string(200, 'x') + "...");
}

TEST(Printable, EscapesWhatCouldForgeOrTurnALine) {
  EXPECT_EQ(printable("a\nb\r\t\x1b[31m\x7f"), "a\\nb\\r\\t\\u001b[31m\\u007f");
  EXPECT_EQ(printable("\xC2\x85\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xEF\xBB\xBF"),
            "\\u0085\\u2028\\u202e\\u2066\\ufeff");
  EXPECT_EQ(printable("\xFF\xC3\xA9"), "\xEF\xBF\xBD\xC3\xA9");
}

TEST(Printable, CutsAtACharacterBoundary) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("ab\xC3\xA9"
                      "f",
                      3),
            "ab...");
  EXPECT_EQ(printable("", 0), "");
}

TEST(Printable, CanBeTheInsideOfAJsonString) {
  std::string out;
  append_printable(out, "a\"\\\n", 100, "\"\\");
  EXPECT_EQ(out, "a\\\"\\\\\\n");
}

}  // namespace
}  // namespace freellmapi::base
