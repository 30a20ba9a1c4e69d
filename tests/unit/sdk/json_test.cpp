#include <gtest/gtest.h>

#include <freellmapi/json.hpp>

namespace freellmapi::sdk {
namespace {

TEST(RepairJson, ReplacesWhatIsNoUtf8AndKeepsTheRest) {
  EXPECT_EQ(repair_json("\"a\xFF\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""),
            "\"a\xEF\xBF\xBD\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(repair_json("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(repair_json("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(RepairJson, ReplacesASurrogateWithoutItsPartner) {
  EXPECT_EQ(repair_json(R"("\ud83d\ude00")"), R"("\ud83d\ude00")");
  EXPECT_EQ(repair_json(R"("\ud83d")"), R"("\ufffd")");
  EXPECT_EQ(repair_json(R"("\ude00x")"), R"("\ufffdx")");
  EXPECT_EQ(repair_json(R"("\ud83d\u0041")"), R"("\ufffd\u0041")");
  EXPECT_EQ(repair_json(R"("\\ud83d")"), R"("\\ud83d")");
}

TEST(ParseJson, AcceptsWhatCanBeRepairedAndNothingElse) {
  EXPECT_EQ(parse_json("\"\\ud83d\"")->as_string(), "\xEF\xBF\xBD");
  EXPECT_EQ(parse_json("\"\xFF\"")->as_string(), "\xEF\xBF\xBD");
  EXPECT_FALSE(parse_json("{\"a\":}"));
  EXPECT_FALSE(parse_json("{} {}"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("{\"a\":NaN}"));
}

TEST(ParseJson, StopsAtADepthOf256) {
  EXPECT_TRUE(parse_json(std::string(250, '[') + std::string(250, ']')));
  EXPECT_FALSE(parse_json(std::string(300, '[') + std::string(300, ']')));
}

TEST(ToolIds, AreNineLettersAndDigitsAndStable) {
  EXPECT_EQ(nine_alnum_id("D681PevKs"), "D681PevKs");
  const std::string id = nine_alnum_id("call_abc");
  EXPECT_EQ(id.size(), 9U);
  EXPECT_EQ(id, nine_alnum_id("call_abc"));
  EXPECT_NE(id, nine_alnum_id("call_abd"));
  for (const char c : id) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
}

}  // namespace
}  // namespace freellmapi::sdk
