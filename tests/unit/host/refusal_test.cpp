// Each file that is not loaded, and the sentence that says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.hpp"
#include "host/plugins.hpp"

namespace freellmapi::host {
namespace {

using testing::HasSubstr;

class RefusalTest : public testing::Test {
 protected:
  RefusalTest() { ::unsetenv("FREELLM_SAMPLE_RAN"); }
  std::string refusal_of(const std::string& bytes) {
    const fs::path file = folder_.write("plugin.so", bytes);
    const auto loaded = loader_.load(file);
    if (loaded) return "loaded";
    EXPECT_EQ(loaded.error().where, "plugin.so");
    return loaded.error().message;
  }
  static bool its_code_ran() { return ::getenv("FREELLM_SAMPLE_RAN") != nullptr; }

  Folder folder_;
  ReadableLog log_;
  PluginLoader loader_{log_.log()};
};

TEST_F(RefusalTest, AWrongMajorIsRefusedWithBothNumbersAndNoneOfItsCodeRuns) {
  EXPECT_EQ(refusal_of(sample("wrong_major")),
            "made for ABI major 2, this engine speaks major 1; build it with this engine's SDK");
  EXPECT_EQ(refusal_of(sample("wrong_symbol")),
            "made for ABI major 3, this engine speaks major 1; build it with this engine's SDK");
  EXPECT_FALSE(its_code_ran());
}

TEST_F(RefusalTest, TheConstructorOfAGoodPluginDoesRun) {
  EXPECT_EQ(refusal_of(sample("eager")), "loaded");
  EXPECT_TRUE(its_code_ran());
}

TEST_F(RefusalTest, APluginThatNeedsANewerHostIsRefusedBeforeItsCodeRuns) {
  EXPECT_EQ(refusal_of(sample("needs_newer_host")),
            "needs an engine of ABI 1.7 or later, this one is 1.0; use a newer engine");
  EXPECT_FALSE(its_code_ran());
}

TEST_F(RefusalTest, ALibraryWithoutTheSymbolIsNoPlugin) {
  EXPECT_EQ(refusal_of(sample("no_symbol")),
            "not a provider plugin: it exports no object freellm_plugin_v1; build it with this engine's SDK");
  EXPECT_FALSE(its_code_ran());
}

TEST_F(RefusalTest, ADescriptorThatLiesAboutItsSizeIsRefusedBeforeItsCodeRuns) {
  EXPECT_THAT(refusal_of(sample("plugin_too_small")),
              HasSubstr("the descriptor says it has 12 bytes, version 1.0 has 56"));
  EXPECT_THAT(refusal_of(sample("plugin_too_large")),
              HasSubstr("the descriptor says it has 2000 bytes, the library holds 56"));
  EXPECT_FALSE(its_code_ran());
}

TEST_F(RefusalTest, AProviderTableThatLiesAboutItsSizeIsRefused) {
  EXPECT_THAT(refusal_of(sample("provider_too_small")),
              HasSubstr("provider 0: its table says it has 80 bytes, version 1.0 has 128"));
  EXPECT_THAT(refusal_of(sample("provider_too_large")),
              HasSubstr("provider 0: its table says it has 1000000 bytes, more than the 4096"));
}

TEST_F(RefusalTest, AFileCutShortIsRefusedWhereverItIsCut) {
  const std::string whole = sample("today");
  EXPECT_EQ(refusal_of(""), "the file is empty; copy or build it again");
  for (std::size_t size = 4; size < whole.size(); size += 97) {
    EXPECT_THAT(refusal_of(whole.substr(0, size)), HasSubstr("the file is truncated")) << size;
  }
  EXPECT_THAT(refusal_of(whole.substr(0, whole.size() - 1)), HasSubstr("the file is truncated"));
}

TEST_F(RefusalTest, ATextFileIsRefused) {
  EXPECT_EQ(refusal_of("#!/bin/sh\necho hello\n"),
            "not a shared library: the file begins with \"#!/bin/sh\\nec...\" and not with an ELF header; "
            "only built plugins "
            "may have a name that ends in .so");
}

TEST_F(RefusalTest, AnotherKindOfElfFileIsRefused) {
  const auto with_byte = [](std::size_t at, char value) {
    std::string bytes = sample("today");
    bytes[at] = value;
    return bytes;
  };
  EXPECT_THAT(refusal_of(with_byte(4, 1)), HasSubstr("not a 64-bit library"));
  EXPECT_THAT(refusal_of(with_byte(5, 2)), HasSubstr("not a little-endian library"));
  EXPECT_THAT(refusal_of(with_byte(18, 8)), HasSubstr("built for ELF machine 8"));
  EXPECT_THAT(refusal_of(with_byte(16, 1)), HasSubstr("ELF type 1 is not a shared library"));
}

TEST_F(RefusalTest, AnUndefinedSymbolIsNamed) {
  const std::string why = refusal_of(sample("undefined_symbol"));
  EXPECT_THAT(why, HasSubstr("freellm_sample_nobody_defines_this"));
  EXPECT_THAT(why, HasSubstr("plugin.so"));
  EXPECT_THAT(why, testing::Not(HasSubstr("/proc/")));
}

TEST_F(RefusalTest, APluginWhoseInitFailsIsNotUsed) {
  EXPECT_EQ(refusal_of(sample("init_fails")), "its init failed with status -7; the log may say why");
}

TEST_F(RefusalTest, WhatThePluginSaysOfItsProvidersIsJudged) {
  EXPECT_EQ(refusal_of(sample("bad_id")),
            "provider 0: its id \"Bad_Id\" is not made of 1 to 64 of a-z, 0-9 and '-'");
  EXPECT_EQ(refusal_of(sample("no_providers")), "it announces 0 providers, it must have 1 to 64");
  EXPECT_EQ(refusal_of(sample("same_id_twice")), "it gives the provider \"sample\" twice");
}

TEST_F(RefusalTest, AMappedFileThatWasRefusedIsNotMappedAgain) {
  folder_.write("plugin.so", sample("init_fails"));
  const auto first = loader_.load(folder_.path() / "plugin.so");
  const auto second = loader_.load(folder_.path() / "plugin.so");
  EXPECT_EQ(second.error().message, first.error().message);
  EXPECT_EQ(log_.lines(), 1u);  // its init spoke once
}

TEST_F(RefusalTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(loader_.load(folder_.path() / "absent.so").error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace freellmapi::host
