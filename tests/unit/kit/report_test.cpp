#include "kit/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace freellmapi::kit {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::vector<Result> results() {
  return {{"abi.major", "abi", "the major", Verdict::passed, {}, {}, ""},
          {"errors.429",
           "errors",
           "429 is a limit",
           Verdict::failed,
           {"it is \"nothing\""},
           {},
           "check x --only errors.429"},
          {"errors.now", "errors", "the clock", Verdict::skipped, {"no date"}, {}, ""},
          {"errors.texts", "errors", "texts", Verdict::passed, {}, {"say more"}, ""}};
}

TEST(Report, ShowsGroupsWithTheirCountsAndEveryFailureWithTheWayBack) {
  const std::string text = as_text("x.so", results(), false);
  EXPECT_THAT(text, HasSubstr("abi         1 passed\n"));
  EXPECT_THAT(text, HasSubstr("errors      1 passed, 1 failed, 1 skipped\n"));
  EXPECT_THAT(text, HasSubstr("FAILED errors.429: 429 is a limit\n      it is \"nothing\"\n      see it "
                              "again: check x --only errors.429\n"));
  EXPECT_THAT(text, HasSubstr("advice errors.texts\n      say more\n"));
  EXPECT_THAT(text, EndsWith("\n2 checks passed, 1 failed\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(as_text("x.so", results(), true), HasSubstr("\x1b[31m"));
}

TEST(Report, IsOneJsonObjectForPrograms) {
  const std::string text = as_json("x.so", results());
  const boost::json::value value = boost::json::parse(text);
  EXPECT_EQ(value.at("passed").to_number<int>(), 2);
  EXPECT_EQ(value.at("failed").to_number<int>(), 1);
  EXPECT_EQ(value.at("skipped").to_number<int>(), 1);
  EXPECT_EQ(value.at("checks").as_array().size(), 4u);
  EXPECT_EQ(value.at("checks").at(1).at("verdict"), "failed");
  EXPECT_EQ(value.at("checks").at(1).at("seen").at(0), "it is \"nothing\"");
  EXPECT_EQ(value.at("checks").at(3).at("advice").at(0), "say more");
  EXPECT_FALSE(value.at("checks").at(0).as_object().contains("again"));
}

}  // namespace
}  // namespace freellmapi::kit
