#include "chat/json_prefix.hpp"

#include <gtest/gtest.h>

#include "chat/json_scan.hpp"

namespace freellmapi::chat {
namespace {

constexpr std::string_view texts[] = {
    R"({"a": [1, -0.5e+3, 0, 12e7, true, false, null], "b\u00e4\n": {"": "x\"\\"}, "c": []} )",
    R"([])",
    R"("word")",
    R"( {"n":{"n":{"n":[[[{}]]]}}})",
    "-12.75",
    "0"};

TEST(JsonPrefix, TakesEveryBeginningOfAValueAndKnowsWhenItIsWhole) {
  for (const std::string_view text : texts) {
    JsonPrefix prefix;
    for (std::size_t at = 0; at < text.size(); ++at) {
      EXPECT_TRUE(prefix.feed(text.substr(at, 1))) << text.substr(0, at + 1);
      std::string so_far(text.substr(0, at + 1));
      EXPECT_EQ(prefix.complete(), !check_json(so_far).has_value()) << so_far;
    }
    EXPECT_TRUE(prefix.complete());
  }
}

TEST(JsonPrefix, RefusesWhatCanBecomeNoValue) {
  for (const std::string_view text :
       {"}", "{]", "{\"a\" 1", "{\"a\":1,}", "[1,]", "{1", "tru]", "01", "-a", "1.e", "1e+]", "\"\\x",
        "\"\\u00g", "\"a\nb", "{} {", "nul,", "```json", "[1 2", "{\"a\":1 \"b\""}) {
    JsonPrefix prefix;
    EXPECT_FALSE(prefix.feed(text)) << text;
    EXPECT_FALSE(prefix.feed(" ")) << text;
    EXPECT_FALSE(prefix.complete());
  }
  JsonPrefix deep;
  EXPECT_TRUE(deep.feed(std::string(JsonPrefix::max_depth, '[')));
  EXPECT_FALSE(deep.feed("["));
}

}  // namespace
}  // namespace freellmapi::chat
