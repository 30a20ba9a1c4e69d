#include "cli/env_file.hpp"

#include <gtest/gtest.h>

namespace freellmapi::cli {
namespace {

TEST(EnvFile, IsReadAsShellsAndDotenvToolsReadIt) {
  const auto read = read_env_file(
      "A=one\n  export B = two # a comment\r\nC=\"three # 3\" # c\nD='four'\nE=\n# "
      "F=six\nnonsense\n1G=x\nH=a#b\n"
      "I=x=y\nA=last");
  const auto value = [&read](const char* name) {
    const auto found = read.find(name);
    return found == read.end() ? std::string("(none)") : found->second.value;
  };
  EXPECT_EQ(value("A"), "last");
  EXPECT_EQ(value("B"), "two");
  EXPECT_EQ(value("C"), "three # 3");
  EXPECT_EQ(value("D"), "four");
  EXPECT_EQ(value("E"), "");
  EXPECT_EQ(value("F"), "(none)");
  EXPECT_EQ(value("1G"), "(none)");
  EXPECT_EQ(value("H"), "a#b");
  EXPECT_EQ(value("I"), "x=y");
  EXPECT_EQ(read.size(), 7U);
}

TEST(EnvFile, ALabelBelongsToTheLineBehindItAlone) {
  const auto read = read_env_file("# label: work (disabled)\nA=1\nB=2\n# label: home\nC=3\n");
  EXPECT_EQ(read.at("A").label, "work");
  EXPECT_FALSE(read.at("A").enabled);
  EXPECT_EQ(read.at("B").label, "");
  EXPECT_TRUE(read.at("B").enabled);
  EXPECT_EQ(read.at("C").label, "home");
}

TEST(EnvFile, ReadsNoMoreThanABoundedNumberOfNames) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "NAME" + std::to_string(i) + "=x\n";
  EXPECT_EQ(read_env_file(text).size(), 1'024U);
}

}  // namespace
}  // namespace freellmapi::cli
