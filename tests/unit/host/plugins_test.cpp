#include "host/plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "fixture.hpp"

namespace freellmapi::host {
namespace {

using testing::HasSubstr;

class PluginsTest : public testing::Test {
 protected:
  // Sets the mtime apart from the last one, which may lie in the same tick of the file system's clock.
  void install(const Folder& folder, const std::string& name, const std::string& sample_name) {
    folder.write(name, sample(sample_name));
    fs::last_write_time(folder.path() / name, time_ += std::chrono::seconds{1});
  }
  Folder first_, second_;
  ReadableLog log_;
  PluginLoader loader_{log_.log()};

 private:
  fs::file_time_type time_ = fs::file_time_type::clock::now();
};

TEST_F(PluginsTest, AScanGivesWhatIsGoodAndSaysWhatIsNot) {
  install(first_, "good.so", "today");
  install(first_, "old.so", "wrong_major");
  first_.write("notes.so", "remember the milk");
  first_.write("notes.txt", "not looked at");
  first_.write(".half-written.so", "not looked at");
  const PluginSet set = loader_.scan({first_.path()});
  EXPECT_EQ(set.providers.size(), 1u);
  ASSERT_EQ(set.refused.size(), 2u);
  EXPECT_EQ(set.refused[0].file, "notes.so");
  EXPECT_THAT(set.refused[0].reason, HasSubstr("not a shared library"));
  EXPECT_EQ(set.refused[1].file, "old.so");
}

TEST_F(PluginsTest, AMissingFolderIsPassedOver) {
  const PluginSet set = loader_.scan({first_.path() / "absent"});
  EXPECT_TRUE(set.providers.empty());
  EXPECT_TRUE(set.refused.empty());
}

TEST_F(PluginsTest, TheFirstFolderWins) {
  install(first_, "a.so", "newer");
  install(second_, "a.so", "today");
  install(second_, "b.so", "other_id");
  const PluginSet set = loader_.scan({first_.path(), second_.path()});
  EXPECT_EQ(set.providers.at("sample")->plugin().version(), "2.0.0");
  EXPECT_TRUE(set.providers.contains("other"));
  EXPECT_TRUE(set.refused.empty());
  EXPECT_THAT(log_.text(), HasSubstr("plugin_passed_over plugin=a.so provider=sample used=a.so"));
}

TEST_F(PluginsTest, TwoFilesOfOneFolderMayNotGiveOneProvider) {
  install(first_, "a.so", "today");
  install(first_, "b.so", "newer");
  const PluginSet set = loader_.scan({first_.path()});
  EXPECT_EQ(set.providers.at("sample")->plugin().file(), "a.so");
  ASSERT_EQ(set.refused.size(), 1u);
  EXPECT_EQ(set.refused[0].file, "b.so");
  EXPECT_EQ(set.refused[0].reason,
            "the provider \"sample\" is given by a.so in the same folder already; remove one of them");
}

TEST_F(PluginsTest, AnUnchangedFileIsNotLoadedAgain) {
  install(first_, "a.so", "today");
  const auto before = loader_.scan({first_.path()}).providers.at("sample");
  EXPECT_EQ(loader_.scan({first_.path()}).providers.at("sample"), before);
}

TEST_F(PluginsTest, ARemovedFileIsGoneFromTheNextScan) {
  install(first_, "a.so", "today");
  const auto held = loader_.scan({first_.path()}).providers.at("sample");
  fs::remove(first_.path() / "a.so");
  EXPECT_TRUE(loader_.scan({first_.path()}).providers.empty());
  EXPECT_TRUE(held->build_request(call_with("{}")));
}

// Both ways in which people replace a file.
class Replacement : public PluginsTest, public testing::WithParamInterface<bool> {
 protected:
  void replace_by(const std::string& sample_name) {
    if (GetParam()) {
      install(first_, ".new", sample_name);
      fs::rename(first_.path() / ".new", first_.path() / "a.so");
    } else {
      install(first_, "a.so", sample_name);  // the same inode, written over
    }
  }
};

TEST_P(Replacement, TheNextScanHasTheNewCodeWhileAnAnswerOfTheOldRunsToItsEnd) {
  install(first_, "a.so", "today");
  const auto old_provider = loader_.scan({first_.path()}).providers.at("sample");
  auto old_parser = Parser::open(old_provider, call_with("{}"), head_with(200));
  ASSERT_TRUE(old_parser);
  Recorder old_sink;
  EXPECT_EQ(old_parser->feed("fir", old_sink), FREELLM_OK);

  replace_by("newer");
  const auto new_provider = loader_.scan({first_.path()}).providers.at("sample");
  ASSERT_NE(new_provider, old_provider);
  EXPECT_EQ(new_provider->plugin().version(), "2.0.0");
  auto new_parser = Parser::open(new_provider, call_with("{}"), head_with(200));
  ASSERT_TRUE(new_parser);
  Recorder new_sink;
  EXPECT_EQ(new_parser->feed("second", new_sink), FREELLM_OK);

  EXPECT_EQ(old_parser->feed("st", old_sink), FREELLM_OK);
  EXPECT_EQ(old_parser->finish(old_sink), FREELLM_OK);
  EXPECT_EQ(new_parser->finish(new_sink), FREELLM_OK);
  EXPECT_EQ(old_sink.answer, "first|1.2.3");
  EXPECT_EQ(new_sink.answer, "second|2.0.0");
}

TEST_P(Replacement, ABrokenReplacementTakesNothingFromThoseWhoHoldTheOldOne) {
  install(first_, "a.so", "today");
  const auto held = loader_.scan({first_.path()}).providers.at("sample");
  replace_by("wrong_major");
  const PluginSet set = loader_.scan({first_.path()});
  EXPECT_TRUE(set.providers.empty());
  EXPECT_EQ(set.refused.size(), 1u);
  EXPECT_TRUE(held->build_request(call_with("{}")));
}

INSTANTIATE_TEST_SUITE_P(Plugins, Replacement, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "ByRename" : "InPlace"; });

TEST_F(PluginsTest, AProviderOutlivesTheLoader) {
  install(first_, "a.so", "today");
  std::shared_ptr<const Provider> held;
  {
    PluginLoader loader{log_.log()};
    held = loader.scan({first_.path()}).providers.at("sample");
  }
  EXPECT_TRUE(held->build_request(call_with("{}")));
}

TEST_F(PluginsTest, TwoLoadersDoNotTakeOneFileForAnother) {
  install(first_, "a.so", "today");
  EXPECT_EQ(PluginLoader{log_.log()}.scan({first_.path()}).providers.at("sample")->plugin().version(),
            "1.2.3");
  install(first_, "a.so", "newer");
  EXPECT_EQ(PluginLoader{log_.log()}.scan({first_.path()}).providers.at("sample")->plugin().version(),
            "2.0.0");
}

TEST_F(PluginsTest, AtMost256FilesAreLookedAt) {
  for (int i = 0; i < 258; ++i) first_.write("p" + std::to_string(1000 + i) + ".so", "text");
  const PluginSet set = loader_.scan({first_.path()});
  ASSERT_EQ(set.refused.size(), 257u);
  EXPECT_EQ(set.refused.back().file, "p1256.so");
  EXPECT_THAT(set.refused.back().reason, HasSubstr("more than 256 plugin files"));
}

TEST_F(PluginsTest, AFolderThatOthersMayWriteIsRefusedAsAWhole) {
  install(first_, "a.so", "today");
  ::chmod(first_.path().c_str(), 0777);
  const PluginSet set = loader_.scan({first_.path()});
  EXPECT_TRUE(set.providers.empty());
  ASSERT_EQ(set.refused.size(), 1u);
  EXPECT_EQ(set.refused[0].file, first_.path().string());
  EXPECT_THAT(set.refused[0].reason, HasSubstr("can be written by its group or by others (mode 0777)"));
}

}  // namespace
}  // namespace freellmapi::host
