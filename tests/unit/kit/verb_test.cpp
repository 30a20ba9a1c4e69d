// The verb `plugins check`, as a person meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "cli/plugins_check.hpp"

namespace freellmapi::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct Said {
  int code = 0;
  std::string out, err;
};

Said check(PluginsCheckOptions options) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.code = plugins_check(options);
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

std::string plugin(const std::string& name) { return std::string(BROKEN_PLUGINS) + "/" + name + ".so"; }

TEST(PluginsCheck, EndsWithZeroWhenAllPassed) {
  const Said said = check({plugin("nothing"), "", "abi", "", false});
  EXPECT_EQ(said.code, 0) << said.out;
  EXPECT_THAT(said.out, EndsWith(" checks passed, 0 failed\n"));
}

TEST(PluginsCheck, EndsWithOneAndSaysHowToSeeItAgain) {
  const std::string file = plugin("misclassifies");
  const Said said = check({file, "", "", "errors.429", false});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("see it again: freellmapi plugins check " + file + " --only errors.429\n"));
  EXPECT_THAT(said.out, EndsWith("\n0 checks passed, 1 failed\n"));
}

TEST(PluginsCheck, EndsWithTwoWithoutAFileAFolderOrSuchACheck) {
  EXPECT_EQ(check({"nobody.so", "", "", "", false}).code, 2);
  EXPECT_EQ(check({plugin("nothing"), "nowhere", "", "", false}).code, 2);
  EXPECT_EQ(check({plugin("nothing"), "", "", "nobody.knows", false}).code, 2);
}

TEST(PluginsCheck, ShowsTheRoutersOwnJudgementFirst) {
  const Said said = check({plugin("wrong_major"), "", "host", "", true});
  EXPECT_EQ(said.code, 1);
  const boost::json::value value = boost::json::parse(said.out);
  EXPECT_EQ(value.at("checks").at(0).at("id"), "host.loads");
  EXPECT_EQ(value.at("checks").at(0).at("verdict"), "failed");
}

TEST(PluginsCheck, ReadsTheManifestWithTheRoutersReader) {
  const Said said = check({plugin("says_little"), "", "", "host.manifest", false});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("tiemouts"));
}

}  // namespace
}  // namespace freellmapi::cli
