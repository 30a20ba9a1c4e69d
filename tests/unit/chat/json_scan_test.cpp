#include "chat/json_scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "chat/edits.hpp"

namespace freellmapi::chat {
namespace {

using namespace std::string_view_literals;

std::string judged(std::string text) {
  const auto fault = check_json(text);
  return fault ? std::to_string(fault->offset) + " " + std::string{fault->reason} : "fine";
}

// As JSONTestSuite sorts its cases: y_ must be taken, n_ must be refused.
struct Case {
  std::string_view name, text;
};

const std::vector<Case> taken{
    {"lonely null", "null"},
    {"lonely true", "true"},
    {"lonely number", "-0"},
    {"lonely string", "\"\""},
    {"blanks around", " \t\r\n[ ] \n"},
    {"empty containers", "[{},[],[{}]]"},
    {"numbers", "[0,-1,10,1.5,-0.25,1e5,1E+5,1e-5,0e0,123456789012345678901234567890]"},
    {"big exponent", "[1e999]"},
    {"escapes", R"(["\"\\\/\b\f\n\r\t\u0041\u00e9"])"},
    {"escaped nul", R"(["\u0000"])"},
    {"surrogate pair", R"(["\ud83d\ude00"])"},
    {"upper case hex", R"(["\uD83D\uDE00"])"},
    {"raw del and line separators", "[\"\x7f\xe2\x80\xa8\xe2\x80\xa9\"]"},
    {"noncharacters", "[\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\"]"},
    {"empty name", R"({"":0})"},
    {"nested", R"({"a":{"b":[{"c":[null,true,false]}]}})"},
    {"names twice in what nobody reads", R"({"a":1,"a":2})"},
    {"a string longer than a vector", "\"0123456789abcdef0123456789abcdef\\n0123456789abcdef\""},
};

const std::vector<Case> refused{
    {"nothing", ""},
    {"blanks alone", "  "},
    {"nan", "NaN"},
    {"minus nan", "-NaN"},
    {"infinity", "[Infinity]"},
    {"minus infinity", "[-Infinity]"},
    {"plus", "[+1]"},
    {"leading zero", "[01]"},
    {"minus zero one", "[-01]"},
    {"hex", "[0x1]"},
    {"no fraction", "[1.]"},
    {"no integer", "[.5]"},
    {"no exponent", "[1e]"},
    {"signed nothing", "[1e+]"},
    {"minus alone", "[-]"},
    {"comma at end of array", "[1,]"},
    {"comma at end of object", R"({"a":1,})"},
    {"comma at front", "[,1]"},
    {"comma at front of object", R"({,"a":1})"},
    {"two commas", "[1,,2]"},
    {"no comma", "[1 2]"},
    {"no comma in object", R"({"a":1 "b":2})"},
    {"no colon", R"({"a" 1})"},
    {"two colons", R"({"a"::1})"},
    {"no value", R"({"a":})"},
    {"unquoted name", "{a:1}"},
    {"number as name", "{1:1}"},
    {"single quotes", "{'a':1}"},
    {"unclosed array", "[1"},
    {"unclosed object", R"({"a":1)"},
    {"unclosed string", R"(["abc)"},
    {"unclosed after comma", "[1,"},
    {"wrong bracket", "[1}"},
    {"wrong brace", R"({"a":1])"},
    {"closing alone", "]"},
    {"two values", "{} {}"},
    {"text after", "{}x"},
    {"comment after", "{}// x"},
    {"comment inside", "[/**/1]"},
    {"hash comment", "[1]#"},
    {"half a literal", "[tru]"},
    {"long literal", "[truee]"},
    {"upper case literal", "[True]"},
    {"raw newline", "[\"a\nb\"]"},
    {"raw tab", "[\"a\tb\"]"},
    {"raw nul", "[\"a\0b\"]"sv},
    {"nul after", "[]\0"sv},
    {"unknown escape", R"(["\x41"])"},
    {"escaped end", R"(["\)"},
    {"escaped nul byte", "[\"\\\0\"]"sv},
    {"short unicode escape", R"(["\u00"])"},
    {"unicode escape that is not hex", R"(["\u00g0"])"},
    {"byte order mark", "\xEF\xBB\xBF{}"},
    {"utf-16", "\xFF\xFE{\0}\0"sv},
    {"form feed", "[\f]"},
    {"no-break space", "[\xC2\xA0]"},
    {"overlong", "[\"\xC0\xAF\"]"},
    {"cut character", "[\"\xE2\x82\"]"},
    {"surrogate in utf-8", "[\"\xED\xA0\x80\"]"},
    {"beyond unicode", "[\"\xF4\x90\x80\x80\"]"},
    {"lone continuation", "[\"\x80\"]"},
    {"latin 1", "[\"caf\xE9\"]"},
};

TEST(JsonScan, TakesWhatTheGrammarAllows) {
  for (const Case& c : taken) EXPECT_EQ(judged(std::string{c.text}), "fine") << c.name;
}

TEST(JsonScan, RefusesWhatTheGrammarDoesNotAllow) {
  for (const Case& c : refused) EXPECT_NE(judged(std::string{c.text}), "fine") << c.name;
}

TEST(JsonScan, RefusesEveryTextThatIsCut) {
  const std::string whole = R"({"a":[1.5e3,"\ud83d\ude00",true,null],"b":{"c":"d"}})";
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_NE(judged(whole.substr(0, n)), "fine") << n;
  EXPECT_EQ(judged(whole), "fine");
}

TEST(JsonScan, SaysWhereAndWhyWithoutAPieceOfTheText) {
  EXPECT_EQ(judged(R"({"secret":NaN})"), "10 a value was expected");
  EXPECT_EQ(judged(R"({"secret":1} x)"), "13 text after the end of the value");
  EXPECT_EQ(judged("[\"ab\xFF\"]"), "4 invalid UTF-8");
  EXPECT_EQ(judged("\xEF\xBB\xBF{}"), "0 a byte order mark stands before the value");
  EXPECT_EQ(judged("[\"a\nb\"]"), "3 a control character inside a string");
  EXPECT_EQ(judged("[1"), "2 the text ends early");
  EXPECT_EQ(judged("[1 2]"), "3 ',' or ']' was expected");
}

TEST(JsonScan, GoesDownToADepthOf256AndNoDeeper) {
  const auto nested = [](std::size_t depth, char open, std::string_view inside, char close) {
    return std::string(depth, open) + std::string{inside} + std::string(depth, close);
  };
  EXPECT_EQ(judged(nested(256, '[', "", ']')), "fine");
  EXPECT_EQ(judged(nested(257, '[', "", ']')), "256 nested deeper than 256");
  EXPECT_EQ(judged(std::string(1'000'000, '[')), "256 nested deeper than 256");
  std::string objects = "1";
  for (int i = 0; i < 257; ++i) objects = R"({"a":)" + objects + "}";
  EXPECT_EQ(judged(objects), std::to_string(256 * 5) + " nested deeper than 256");
}

TEST(JsonScan, RefusesANumberOfTenThousandDigits) {
  EXPECT_EQ(judged("[" + std::string(1024, '9') + "]"), "fine");
  EXPECT_EQ(judged("[" + std::string(10'000, '9') + "]"), "1 a number is longer than 1,024 characters");
  EXPECT_EQ(judged("[0." + std::string(10'000, '0') + "]"), "1 a number is longer than 1,024 characters");
}

TEST(JsonScan, ReplacesHalfASurrogatePairInPlace) {
  const auto repaired = [](std::string text) {
    const char* const before = text.data();
    EXPECT_EQ(judged(text), "fine");
    EXPECT_FALSE(check_json(text));
    EXPECT_EQ(text.data(), before);
    return text;
  };
  EXPECT_EQ(repaired(R"("cut \ud83d")"), R"("cut \ufffd")");
  EXPECT_EQ(repaired(R"("\ude00 tail")"), R"("\ufffd tail")");
  EXPECT_EQ(repaired(R"("\ud83dx\ud83d\n")"), R"("\ufffdx\ufffd\n")");
  EXPECT_EQ(repaired(R"("\ud83d\u0041")"), R"("\ufffd\u0041")");
  EXPECT_EQ(repaired(R"("\ud83d\ud83d\ude00")"), R"("\ufffd\ud83d\ude00")");
  EXPECT_EQ(repaired(R"("\ud83d\ude00")"), R"("\ud83d\ude00")");
}

TEST(JsonScan, CountsBytesThatAreNotAsciiAtEveryAlignment) {
  for (std::size_t shift = 0; shift < 40; ++shift) {
    std::string text =
        "\"" + std::string(shift, 'a') + "\xC3\xA9\xE4\xB8\xAD" + std::string(20, 'b') + "\\u4e2d\"";
    JsonScan scan(text);
    JsonText out;
    ASSERT_TRUE(scan.string(out));
    EXPECT_EQ(out.wide, 5u + 6u) << shift;
    EXPECT_EQ(out.raw.size(), text.size() - 2);
  }
}

// Whatever looks at many bytes at a time finds what a look at each finds, wherever the steps fall.
TEST(JsonScan, EndsAStringAtTheSamePlaceOnEveryProcessor) {
  const std::vector<std::string_view> endings{"\"",
                                              "\\",
                                              "\n",
                                              "\\x\"",
                                              "\\u12g4\"",
                                              "\\u12\"",
                                              "\\\"\"",
                                              "\\\\\"",
                                              "\\\\\\x\"",
                                              "\\ud83d\"",
                                              "\\\n\"",
                                              "\\ude00\"",
                                              "\\u00e9\"",
                                              "\xC3\xA9\"",
                                              "\x7F\"",
                                              "\\ud83d\\ude00\"",
                                              "\\ud83d\\ud83d\\ude00\"",
                                              "\0\""sv,
                                              "\\",
                                              ""};
  for (std::size_t before = 0; before < 140; ++before) {
    for (const std::string_view ending : endings) {
      for (const std::size_t after : {0, 1, 70}) {
        for (const std::string_view filling : {"a"sv, "\\\\"sv, "\\n\xE4\xB8\xAD"sv}) {
          std::string text;
          while (text.size() < before) text += filling;
          text += ending;
          text.append(after, 'b');
          std::string same = text;
          StringSeen seen, seen_same;
          const std::size_t end = string_end(text.data(), text.size(), 0, seen);
          ASSERT_EQ(end, string_end_anywhere(same.data(), same.size(), 0, seen_same)) << text;
          ASSERT_EQ(text, same);
          if (end == text.size() || text[end] != '"') continue;
          ASSERT_EQ(seen.escaped, seen_same.escaped) << text;
          ASSERT_EQ(seen.high, seen_same.high) << text;
          ASSERT_EQ(seen.wide, seen_same.wide) << text;
        }
      }
    }
  }
}

TEST(JsonScan, UnescapesEveryEscape) {
  std::string text = R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u4e2d\ud83d\ude00")";
  JsonScan scan(text);
  JsonText out;
  ASSERT_TRUE(scan.string(out));
  EXPECT_TRUE(out.escaped);
  EXPECT_EQ(out.unescaped(), "\"\\/\b\f\n\r\tA\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80");
}

std::string read_object(std::string text) {
  JsonScan scan(text);
  if (scan.peek() != JsonType::object) return "no object";
  Members members(scan);
  std::string names;
  while (members.next()) {
    names += std::string{members.name()} + ";";
    if (!scan.skip()) break;
  }
  return scan.failed() ? std::to_string(scan.fault()->offset) + " " + std::string{scan.fault()->reason}
                       : names;
}

TEST(Members, AreReadWithTheirNamesUnescaped) {
  EXPECT_EQ(read_object(R"({"a":1, "m\u006fdel" : [2] ,"b":{}})"), "a;model;b;");
}

TEST(Members, RefuseANameThatComesTwice) {
  constexpr std::string_view twice = " a member's name comes twice in one object";
  EXPECT_EQ(read_object(R"({"a":1,"b":2,"a":3})"), "13" + std::string{twice});
  EXPECT_EQ(read_object(R"({"model":1,"m\u006fdel":2})"), "11" + std::string{twice});
  EXPECT_EQ(read_object(R"({"":1,"":2})"), "6" + std::string{twice});
}

TEST(Members, RefuseANameThatComesTwiceAmongMany) {
  for (const std::size_t count : {15u, 16u, 17u, 100u, 1000u}) {
    std::string many = "{";
    for (std::size_t i = 0; i < count; ++i) many += "\"n" + std::to_string(i) + "\":0,";
    EXPECT_NE(read_object(many + "\"n3\":1}").find("comes twice"), std::string::npos) << count;
    EXPECT_NE(read_object(many + "\"\\u006e3\":1}").find("comes twice"), std::string::npos) << count;
    EXPECT_EQ(read_object(many + "\"last\":1}").find("comes twice"), std::string::npos) << count;
  }
}

TEST(Members, AreNotMoreThanAThousandAndSome) {
  std::string many = "{\"x\":0";
  for (std::size_t i = 0; i < 2'000; ++i) many += ",\"n" + std::to_string(i) + "\":0";
  EXPECT_NE(read_object(many + "}").find("more than 1,024"), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::chat
